import { readFile, writeFile } from 'node:fs/promises'
import Bottleneck from 'bottleneck'
import { backdropLayer } from './backdrop.ts'
import { type ClipFolder, openClipFolder } from './clip-folder.ts'
import { type ClipOrder, fingerprintOf } from './clip-order.ts'
import { clipSizeOf, nearestAspectRatio } from './clip-size.ts'
import { runMediaJob } from './media-process.ts'
import { captionLayer, imageLayer, uprightSizeOf } from './image-layers.ts'
import { withTemporaryFolder } from './temporary-folder.ts'

export interface ClipRendererOptions {
  /** The clips' shorter side in pixels; 720 unless given. Tests use small clips to be fast. */
  height?: number | undefined
  /** The number of clips cached in memory; the least recently used one is dropped first. */
  keep?: number | undefined
  /** Keeps clips here as well, for every renderer that is given the same folder. */
  folder?: string | undefined
  /** The media process is killed when a clip takes longer. */
  timeoutMs?: number | undefined
}

/** One encoder leaves a core idle while its process starts and its filters run; more than two would only slow each other down on a small machine. */
const maxConcurrent = 2

const closedReason = 'the clip renderer is closed'

/** Renders the sandbox's clips: real MP4s (H.264, yuv420p, fast start), two at a time. */
export class ClipRenderer {
  readonly #options: ClipRendererOptions
  readonly #folder: ClipFolder | undefined
  readonly #kept = new Map<string, Promise<Uint8Array>>()
  readonly #closed = new AbortController()
  readonly #limiter = new Bottleneck({ maxConcurrent })
  #stopped: Promise<void> | undefined

  constructor(options: ClipRendererOptions = {}) {
    this.#options = options
    this.#folder = options.folder === undefined ? undefined : openClipFolder(options.folder)
  }

  /**
   * @returns the clip, exactly as long as ordered
   * @throws Error when an image cannot be decoded or the media process fails
   */
  render(order: ClipOrder): Promise<Uint8Array> {
    const fingerprint = fingerprintOf(order)
    const clip = this.#kept.get(fingerprint) ?? this.#limiter.schedule(() => this.#readOrMake(order, fingerprint))
    this.#kept.delete(fingerprint)
    this.#kept.set(fingerprint, clip)
    // Failures are not cached: the next attempt may succeed.
    clip.catch(() => this.#kept.delete(fingerprint))
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > (this.#options.keep ?? 64) && !oldest.done) this.#kept.delete(oldest.value)
    return clip
  }

  /** Kills the running renders, rejects the queued ones and waits until all have ended. */
  async close(): Promise<void> {
    this.#closed.abort(new Error(closedReason))
    this.#stopped ??= this.#limiter.stop({ dropErrorMessage: closedReason, enqueueErrorMessage: closedReason })
    await this.#stopped
    this.#kept.clear()
  }

  async #readOrMake(order: ClipOrder, fingerprint: string): Promise<Uint8Array> {
    const name = `${fingerprint}-${this.#options.height ?? 'full'}.${order.format ?? 'mp4'}`
    const read = await this.#folder?.read(name)
    if (read) return read
    const made = await this.#make(order, fingerprint)
    await this.#folder?.write(name, made)
    return made
  }

  async #make(order: ClipOrder, fingerprint: string): Promise<Uint8Array> {
    const { signal } = this.#closed
    signal.throwIfAborted()
    const aspectRatio = order.firstImage ? nearestAspectRatio(await uprightSizeOf(order.firstImage)) : order.aspectRatio
    const size = clipSizeOf(aspectRatio ?? '16:9', this.#options.height)
    const doubled = { width: 2 * size.width, height: 2 * size.height }
    return await withTemporaryFolder(async (pathOf) => {
      const files = { imageFile: pathOf('image.rgb'), captionFile: pathOf('caption.rgba'), outputFile: pathOf('clip') }
      const image = order.firstImage ? imageLayer(order.firstImage, doubled) : backdropLayer(fingerprint, doubled)
      await writeFile(files.imageFile, await image)
      await writeFile(files.captionFile, await captionLayer(order.prompt, fingerprint, size))
      const lastImageFile = order.lastImage ? pathOf('last-image.rgb') : undefined
      if (order.lastImage && lastImageFile) await writeFile(lastImageFile, await imageLayer(order.lastImage, size))
      const job = {
        kind: 'encode',
        ...size,
        durationSeconds: order.durationSeconds,
        focus: focusOf(fingerprint),
        format: order.format ?? 'mp4',
        ...files,
        lastImageFile,
      } as const
      await runMediaJob(job, { signal, timeoutMs: this.#options.timeoutMs })
      return await readFile(files.outputFile)
    })
  }
}

function focusOf(fingerprint: string): { x: number; y: number } {
  const [x = 0, y = 0] = Buffer.from(fingerprint, 'hex')
  return { x: Number((0.2 + (0.6 * x) / 255).toFixed(3)), y: Number((0.2 + (0.6 * y) / 255).toFixed(3)) }
}
