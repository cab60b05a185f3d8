import { readFile, writeFile } from 'node:fs/promises'
import type { Inspection } from './media-job.ts'
import { runMediaJob } from './media-process.ts'
import { withTemporaryFolder } from './temporary-folder.ts'

export interface InspectedClip extends Inspection {
  /** Of an MP4: the index precedes the frames, so that playback can start before the download ends. */
  fastStart: boolean
}

/**
 * Describes a clip by decoding all of it.
 * @throws Error when it cannot be decoded
 */
export async function inspectClip(bytes: Uint8Array): Promise<InspectedClip> {
  return await withTemporaryFolder(async (pathOf) => {
    const clipFile = pathOf('clip')
    await writeFile(clipFile, bytes)
    const inspection = await runMediaJob({ kind: 'inspect', clipFile })
    if (!inspection) throw new Error('the media process sent no inspection')
    const boxes = topLevelBoxesOf(bytes)
    return { ...inspection, fastStart: boxes.includes('moov') && boxes.indexOf('moov') < boxes.indexOf('mdat') }
  })
}

/** The first or the last frame as PNG bytes. */
export async function frameOf(bytes: Uint8Array, which: 'first' | 'last'): Promise<Buffer> {
  return await withTemporaryFolder(async (pathOf) => {
    const clipFile = pathOf('clip')
    const outputFile = pathOf('frame.png')
    await writeFile(clipFile, bytes)
    await runMediaJob({ kind: 'frame', clipFile, which, outputFile })
    return await readFile(outputFile)
  })
}

function topLevelBoxesOf(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const names: string[] = []
  for (let position = 0; position + 8 <= bytes.length;) {
    const size = view.getUint32(position)
    names.push(Buffer.from(bytes.subarray(position + 4, position + 8)).toString('latin1'))
    // 0 means “to the end”, 1 a 64-bit size: neither occurs in such short clips.
    if (size < 8) break
    position += size
  }
  return names
}
