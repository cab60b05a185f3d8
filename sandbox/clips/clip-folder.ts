import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Clips on disk, which renderers in several processes share: the same order gives the same bytes. */
export interface ClipFolder {
  read(name: string): Promise<Uint8Array | undefined>
  write(name: string, clip: Uint8Array): Promise<void>
}

export function openClipFolder(folder: string): ClipFolder {
  return {
    read: (name) => readFile(join(folder, name)).catch(() => undefined),
    async write(name, clip) {
      await mkdir(folder, { recursive: true })
      // Written elsewhere first, so that nobody reads half a clip.
      const unfinished = join(folder, `${randomUUID()}.part`)
      await writeFile(unfinished, clip)
      await rename(unfinished, join(folder, name))
    },
  }
}
