import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { openDatabase } from '../../src/storage/database.ts'
import { keepFrame, readFrame } from '../../src/storage/frames.ts'
import { StoreLockedError } from '../../src/storage/lock.ts'
import { temporaryDatabase, temporaryFolder } from '../support/database.ts'

describe('the store', () => {
  it('belongs to one opener at a time, and is free again once closed', async () => {
    const file = join(temporaryFolder(), 'rushes.db')
    const first = await openDatabase({ file })
    await expect(openDatabase({ file })).rejects.toBeInstanceOf(StoreLockedError)
    await first.close()
    const second = await openDatabase({ file })
    await second.close()
  })

  it('writes every commit through to the disk', async () => {
    const file = join(temporaryFolder(), 'rushes.db')
    const database = await openDatabase({ file })
    const { sql } = await import('kysely')
    const mode = await sql<{ synchronous: number }>`pragma synchronous`.execute(database.statements)
    expect(mode.rows[0]?.synchronous).toBe(2)
    await database.close()
  })

  it('rolls a failed transaction back whole', async () => {
    const database = await temporaryDatabase()
    const failed = database.transaction(async (transaction) => {
      await transaction.insertInto('keyv').values({ key: 'a', value: '1', expires_at: null }).execute()
      throw new Error('half way')
    })
    await expect(failed).rejects.toThrow('half way')
    expect(await database.statements.selectFrom('keyv').selectAll().execute()).toEqual([])
  })

  it('keeps the same picture once', async () => {
    const database = await temporaryDatabase()
    const frame = { sha256: 'ab', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3, bytes: Uint8Array.of(1, 2, 3) } as const
    await keepFrame(database.statements, frame, 1)
    await keepFrame(database.statements, frame, 2)
    expect([...(await readFrame(database.statements, frame)).bytes]).toEqual([1, 2, 3])
    expect(await database.statements.selectFrom('frames').select('created_at').execute()).toEqual([{ created_at: 1 }])
  })
})
