import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { ServedFiles } from '../http/served-files.ts'
import { fetchImage } from '../jobs/image.ts'
import type { TaskOutcome } from './response.ts'

const UploadTask = z.union([
  z.object({ taskType: z.literal('mediaStorage'), taskUUID: z.uuidv4(), operation: z.literal('upload'), media: z.string().min(1) }),
  z.object({ taskType: z.literal('imageUpload'), taskUUID: z.uuidv4(), image: z.string().min(1) }),
])

const isUuid = (text: string) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)

/** The media that a customer has stored, each known by a UUID. */
export class MediaLibrary {
  readonly #files: ServedFiles
  readonly #origin: () => string
  readonly #closed: AbortSignal

  constructor({ files, origin, closed }: { files: ServedFiles; origin: () => string; closed: AbortSignal }) {
    this.#files = files
    this.#origin = origin
    this.#closed = closed
  }

  /** Does a `mediaStorage` task, or the older `imageUpload`. */
  async store(given: unknown): Promise<TaskOutcome> {
    const task = UploadTask.safeParse(given)
    if (!task.success) {
      const parameter = task.error.issues[0]?.path.join('.') || 'media'
      return { kind: 'refused', problem: { code: 'invalidMedia', message: 'The media cannot be stored.', parameter } }
    }
    const { taskType, taskUUID } = task.data
    const media = 'media' in task.data ? task.data.media : task.data.image
    const bytes = await fetchImage(asAddress(media), { own: (url) => this.read(url) }, this.#closed).catch(() => undefined)
    if (!bytes || bytes.length === 0) {
      const problem = { code: 'invalidMedia', message: 'The media could not be read.', parameter: 'media', taskType, taskUUID }
      return { kind: 'refused', problem }
    }
    const id = randomUUID()
    this.#files.put(`/media/${id}`, { bytes, mediaType: 'application/octet-stream' })
    const url = `${this.#origin()}/media/${id}`
    const names = taskType === 'mediaStorage' ? { mediaUUID: id, mediaURL: url } : { imageUUID: id, imageURL: url }
    return { kind: 'item', item: { taskType, taskUUID, ...names } }
  }

  /** The address of an image that was given as UUID, URL, data URI or bare base64; undefined for a UUID that is not here. */
  addressOf(image: string): string | undefined {
    if (!isUuid(image)) return asAddress(image)
    return this.#files.get(`/media/${image}`) && `${this.#origin()}/media/${image}`
  }

  read(url: URL): Uint8Array | undefined {
    return url.origin === this.#origin() ? this.#files.get(url.pathname)?.bytes : undefined
  }
}

function asAddress(image: string): string {
  return URL.canParse(image) ? image : `data:application/octet-stream;base64,${image}`
}
