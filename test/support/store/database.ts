import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { type Database, openDatabase } from '../../../src/storage/database.ts'
import { templates } from './templates.ts'

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A fresh store on disk, as users have it. */
export async function temporaryDatabase(): Promise<Database> {
  const file = join(temporaryFolder(), 'rushes.db')
  copyFileSync(templates().file, file)
  const database = await openDatabase({ file })
  onTestFinished(() => database.close())
  return database
}
