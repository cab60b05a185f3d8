import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createTemplates, dropTemplates } from './support/store/templates.ts'

/** What all files of a run share and need only make once: the sandbox's clips, empty stores, and Node's compiled code for the processes that tests start. */
export async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-tests-'))
  process.env['TEST_CLIP_FOLDER'] = join(folder, 'clips')
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled')
  const templates = await createTemplates(folder)
  process.env['TEST_STORE_FILE'] = templates.file
  if (templates.database !== undefined) process.env['TEST_STORE_DATABASE'] = templates.database
  return async () => {
    await dropTemplates(templates)
    rmSync(folder, { recursive: true, force: true })
  }
}
