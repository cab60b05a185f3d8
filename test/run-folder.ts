import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What all files of a run share and need only make once: the sandbox's clips, and Node's compiled code for the processes that tests start. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-tests-'))
  process.env['TEST_CLIP_FOLDER'] = join(folder, 'clips')
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled')
  return () => rmSync(folder, { recursive: true, force: true })
}
