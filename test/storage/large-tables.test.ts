import { type CompiledQuery, Kysely } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'

import { fillPostgres, fillSqlite } from '../../bench/hot-tables/fill.ts'
import { plansThatScan } from '../../bench/hot-tables/plans.ts'
import { createCore, requesterOf } from '../../bench/shared/core.ts'
import { bookedByInstallation, correct, findReservations, isCorrected } from '../../src/billing/corrections.ts'
import { hold } from '../../src/billing/ledger.ts'
import { isUnconfirmed, readAssumed, readImplausible, readRecentRows } from '../../src/billing/report.ts'
import type { StoreLocation } from '../../src/config/config.ts'
import { decideHeld, listHeld } from '../../src/generations/held/held.ts'
import { createLog } from '../../src/lib/log.ts'
import type { Database } from '../../src/storage/database.ts'
import { createPostgresDialect } from '../../src/storage/postgres/pool.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { createSqliteDialect } from '../../src/storage/sqlite/dialect.ts'
import { openPlace, stores } from './stores.ts'

const day = 24 * 60 * 60_000
const size = { finished: 20_000, waiting: 60 }
/** More than all that is not over, and a tenth of what is. */
const mostRows = 2000
const log = createLog({ level: 'silent' })

/** The database, which notes every statement with the values of its first execution. */
function recording(database: Database, location: StoreLocation) {
  const recorded = new Map<string, CompiledQuery>()
  const note = ({ query }: { query: CompiledQuery }) => {
    if (!recorded.has(query.sql)) recorded.set(query.sql, query)
  }
  const dialect = 'file' in location ? createSqliteDialect(location.file) : createPostgresDialect(location.url, () => undefined)
  const statements = new Kysely<Schema>({ dialect, log: note })
  onTestFinished(() => statements.destroy())
  const transaction: Database['transaction'] = (work) => statements.transaction().execute(work)
  const listed = () => [...recorded.values()].map(({ sql: text, parameters: values }) => ({ text, values }))
  return { database: { ...database, statements, imageStatements: statements, transaction }, recorded: listed }
}

describe.each(stores)('where many generations are over, no statement on $name reads them', (store) => {
  async function setUp() {
    const location = await store.placeWithTables()
    const database = await openPlace(location)
    const options = { owner: 'a-former-process', now: Date.now() }
    if ('file' in location) fillSqlite(location.file, size, options)
    else await fillPostgres(location.url, size, options)
    const { database: recorded, recorded: statements } = recording(database, location)
    const texts = () => statements().map(({ text }) => text.replaceAll(/["\s]+/g, ' '))
    return { database: recorded, scans: () => plansThatScan(location, statements(), mostRows), texts }
  }

  it('from the request to the posted clip, nor in the checks and the retention of the worker', async () => {
    const { database, scans, texts } = await setUp()
    let posted = 0
    const post = () => {
      posted += 1
      return Promise.resolve({ channelId: '1', messageId: '2' })
    }
    const { clipService, worker, notifier } = await createCore({ database, log, delivery: { post } })
    const requests = [1, 2, 3].map((number) =>
      clipService.request({ prompt: 'a paper boat', durationSeconds: 5 }, requesterOf(number, 1, number)),
    )
    await Promise.all(requests)
    await worker.start()
    await expect.poll(() => posted, { timeout: 60_000 }).toBeGreaterThanOrEqual(size.waiting + requests.length)
    const retention = / select id from generations where interaction_token != /
    await expect.poll(() => texts().some((text) => retention.test(` ${text}`)), { timeout: 60_000 }).toBe(true)
    await worker.stop({ graceMs: 60_000 })
    await notifier.close()
    expect(texts().length).toBeGreaterThan(40)
    expect(await scans()).toEqual([])
  })

  it('nor by the programs of the operator, nor by what a provider or the operator settles later', async () => {
    const { database, scans } = await setUp()
    const { statements } = database
    const [held] = await listHeld(statements)
    const [found] = await findReservations(statements, held?.reference ?? '')
    const reservation = found ?? expect.unreachable('it is listed')
    await decideHeld(statements, { before: Date.now() - day }, 'free')
    await Promise.all([readAssumed(statements), readImplausible(statements), readRecentRows(statements)])
    await isUnconfirmed(statements, reservation.id)
    await database.transaction(async (transaction) => {
      await hold(transaction, reservation, Date.now())
      await isCorrected(transaction, reservation.id, ['another reason'])
      await bookedByInstallation(transaction, reservation.id)
      await correct(transaction, reservation, { scope: 'installation', amount: 1, reason: 'a test', now: Date.now() })
    })
    expect(await scans()).toEqual([])
  })
})
