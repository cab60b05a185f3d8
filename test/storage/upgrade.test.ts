import { dirname } from 'node:path'

import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import { compareMoney, ledgerKindsOf } from '../chaos/verdict/money.ts'
import { listBilledJobs, wallTimesOf } from '../chaos/sandbox/billed-jobs.ts'
import { showsClip } from '../chaos/shared/shown-clip.ts'
import { type Contents, openPostgresStore, openSqliteStore } from '../chaos/shared/store.ts'
import type { StoreLocation } from '../../src/config/config.ts'
import { runHeld } from '../../src/cli/held.ts'
import { runLedger } from '../../src/cli/ledger.ts'
import { createGuildSettings } from '../../src/billing/guild-settings.ts'
import { type Database, openAlongside } from '../../src/storage/database.ts'
import { createKeyv } from '../../src/storage/keyv.ts'
import { migrationsFor } from '../../src/storage/migrate.ts'
import { createSkippableClock, type SkippableClock } from '../support/clocks/skippable-clock.ts'
import { freePort } from '../support/network/free-ports.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../support/sandbox/sandbox.ts'
import { type EarlierGeneration, restoreEarlierStore, restoreFixture } from './earlier-store.ts'
import { decisions, earlierStores, outcomes, versionNamed } from './earlier-versions.ts'
import { openPlace, stores } from './stores.ts'

const everyState = ['cancelled', 'delivering', 'done', 'failed', 'held', 'queued', 'rendering', 'submitting']

describe.each(earlierStores)('a store of version $version.name on $store.name', ({ version, store }) => {
  it('keeps every row and every value', async () => {
    const location = await store.place()
    await restoreFixture(version, location)
    const [names, namesToday] = [Object.keys(version.tables), Object.values(version.tables)]
    // Since 0005 all providers share one count of turns; it was the last column.
    const hadTurns = !version.migrations.includes('0005-one-queue')
    const withoutTurns = (table: string, rows: unknown[][]) =>
      hadTurns && table === 'provider_state' ? rows.map((row) => row.slice(0, 3)) : rows
    const earlier = await readTables(location, names)
    const before = earlier.map((rows, index) => withoutTurns(namesToday[index] ?? '', rows).map((row) => row.map(renameFields)))
    const database = await openPlace(location)
    const after = await readTables(location, namesToday)
    await database.close()
    // Later versions may append columns.
    expect(after.map((rows, index) => rows.map((row) => row.slice(0, before[index]?.[0]?.length)))).toEqual(before)
  })

  it('is upgraded, and its generations continue', async () => {
    const clock = quickClock()
    const sandbox = await testSandbox({
      clock,
      clipHeight: 64,
      publicPort: await freePort([]),
      environment: { BUDGET_DAY_USD: '100' },
    })
    await sandbox.stopBot()
    const { location, generations } = await restoreEarlierStore(version, store, sandbox)
    const contents = 'file' in location ? openSqliteStore(dirname(location.file)) : openPostgresStore(location.url)
    const finished = generations.filter(({ messageId }) => messageId === undefined)
    const open = generations.filter(({ messageId }) => messageId !== undefined)
    expect(open.map(({ prompt }) => prompt).sort()).toEqual(Object.keys(outcomes).sort())
    expect([...new Set(generations.map(({ state }) => state))].sort()).toEqual(everyState)
    const before = await rowsOf(location, finished)
    expect(await appliedMigrations(location)).toEqual(version.migrations)

    const environment = { DATABASE_URL: 'file' in location ? `sqlite:${location.file}` : location.url }
    await sandbox.startBot(environment)
    expect(await appliedMigrations(location)).toEqual(Object.keys(migrationsFor('file' in location ? 'sqlite' : 'postgres')).sort())
    const states = async () => statesOf(await contents.read(), open)
    // If its job finished before the bot asks for it, it could not be cancelled any more.
    await expect.poll(async () => (await states())['rendering with a cancel request']).toBe('cancelled')
    for (const { jobs } of sandbox.providers.all) jobs.release('completion')
    await expect.poll(states).toEqual(outcomes)
    const interaction = await sandbox.discord.member.run('film', { prompt: 'the first one after the upgrade' })
    const { id: newCard } = await finishedCard(interaction)

    // After an hour without a sign of a job the server has its share back.
    clock.skip(61 * 60_000)
    const isOpen = (id: string) => open.some((generation) => generation.id === id)
    const released = async () =>
      (await contents.read()).ledger.filter(({ kind, generationId }) => kind === 'release-guild' && isOpen(generationId)).length
    const silent = Object.values(decisions).filter(({ ledger }) => ledger.includes('release-guild'))
    await expect.poll(released).toBe(silent.length)

    const operator = { DISCORD_TOKEN: sandbox.discord.botToken, FAL_KEY: 'any', ...environment }
    for (const [prompt, { decision }] of Object.entries(decisions))
      await runHeld(operator, [referenceOf(open, prompt), decision], () => undefined)
    const settled = { ...outcomes, ...Object.fromEntries(Object.keys(decisions).map((prompt) => [prompt, 'failed'])) }
    await expect.poll(states).toEqual(settled)
    await outcomesShown(open, settled, sandbox)
    await sandbox.stopBot()

    expectCards(open, settled, { ...sandbox, newCard })
    expect(await rowsOf(location, finished)).toEqual(before)
    expect(await settingsOf(location, sandbox)).toEqual({
      budgets: { day: 50_000_000, month: 500_000_000 },
      providers: ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'],
      timeZone: 'Asia/Tokyo',
    })
    const orders = sandbox.providers.all.flatMap(({ jobs }) => jobs.list().map(({ order }) => order))
    const images = { firstImageUrl: expect.any(String) as string, lastImageUrl: expect.any(String) as string }
    expect(orders.find(({ prompt }) => prompt === 'waiting, from two images')).toMatchObject(images)

    const corrected = finished.find(({ state }) => state === 'done')?.reference ?? ''
    for (const wallet of ['server', 'installation'])
      await runLedger(operator, ['correct', corrected, '-0.07', '--wallet', wallet, '--reason', 'a test'], () => undefined)
    const afterwards = await contents.read()
    const ledgerOf = (prompt: string) => ledgerKindsOf(afterwards, open.find((each) => each.prompt === prompt)?.id ?? '')
    expect(Object.keys(decisions).map((prompt) => [prompt, ledgerOf(prompt)])).toEqual(
      Object.entries(decisions).map(([prompt, { ledger }]) => [prompt, ledger]),
    )
    expect(afterwards.wallets.filter(({ reserved }) => reserved !== 0)).toEqual([])
    expectPaidOnce(afterwards, open, sandbox)
  })
})

describe.each(stores)('a store of version 0002 on $name', (store) => {
  it('names the requester as the one who cancelled', async () => {
    const location = await store.place()
    await restoreFixture(versionNamed('0002'), location)
    const database = await openPlace(location)
    const rows = await database.statements.selectFrom('generations').select(['cancel_requested_at', 'cancelled_by']).execute()
    await database.close()
    const cancelled = rows.filter((row) => row.cancel_requested_at !== null)
    expect(cancelled.length).toBeGreaterThan(0)
    expect(rows.filter((row) => row.cancelled_by === 'requester')).toEqual(cancelled)
  })
})

/** The real time, which dates the webhooks, plus what was skipped; every wait takes a twentieth. */
function quickClock(): SkippableClock {
  const clock = createSkippableClock()
  return { ...clock, sleep: (milliseconds, options) => clock.sleep(milliseconds / 20, options) }
}

function statesOf({ generations }: Contents, of: readonly EarlierGeneration[]): Record<string, string | undefined> {
  return Object.fromEntries(of.map(({ id, prompt }) => [prompt, generations.find((generation) => generation.id === id)?.state]))
}

const outcomeTexts: Record<string, RegExp> = { held: /On hold/, failed: /Failed/, cancelled: /Cancelled/ }

/** Resolves once each card without a clip shows its outcome. */
async function outcomesShown(open: readonly EarlierGeneration[], states: Record<string, string>, { discord }: TestSandbox): Promise<void> {
  for (const { prompt, messageId } of open) {
    const expected = outcomeTexts[states[prompt] ?? '']
    if (expected) await discord.guild.channel.message(({ id, text }) => id === messageId && expected.test(text))
  }
}

/** Each clip is on its own card, every outcome was told once, below its card, and no card of a finished generation was edited. */
function expectCards(
  open: readonly EarlierGeneration[],
  states: Record<string, string>,
  { discord, newCard }: Pick<TestSandbox, 'discord'> & { newCard: string },
): void {
  const messages = discord.guild.channel.messages()
  const done = open.filter(({ prompt }) => states[prompt] === 'done').map(({ messageId }) => messageId)
  const cards = messages.filter(({ repliesTo }) => repliesTo === undefined)
  expect(cards.map(({ id }) => id)).toEqual([...open.map(({ messageId }) => messageId), newCard])
  expect(cards.filter(({ components }) => showsClip(components)).map(({ id }) => id)).toEqual([...done, newCard])
  const notices = messages.flatMap(({ repliesTo }) => repliesTo ?? [])
  // Whoever cancelled knows. The last one was held first, by the upgraded bot, and then failed.
  const told = open.filter(({ prompt }) => states[prompt] !== 'cancelled')
  const twice = open.filter(({ prompt }) => prompt === 'lost at fal')
  expect(notices.filter((id) => id !== newCard).sort()).toEqual([...told, ...twice].map(({ messageId }) => messageId).sort())
  expect(discord.requests.filter(({ method, status }) => method === 'PATCH' && status === 404)).toEqual([])
}

/** No provider has two jobs for one request, what it bills is what the ledger says, and the wallets are the sum of the ledger. */
function expectPaidOnce(contents: Contents, open: readonly EarlierGeneration[], { providers }: TestSandbox): void {
  const wallTimeOf = wallTimesOf(providers.clock)
  const billedJobs = providers.all.flatMap((standIn) => listBilledJobs(standIn, wallTimeOf))
  const prompts = billedJobs.map(({ prompt }) => prompt).sort()
  expect(prompts).toEqual([...new Set(prompts)])
  // This sandbox never had the job that the operator calls billed.
  const requests = open
    .filter(({ prompt }) => prompt !== 'held for good')
    .map(({ id, prompt }) => {
      const generation = contents.generations.find((found) => found.id === id)
      return {
        mark: prompt,
        generation,
        isHeld: generation?.state === 'held',
        billedJobs: billedJobs.filter((order) => order.prompt === prompt),
      }
    })
  expect(compareMoney(requests, contents)).toEqual({ difference: 0, problems: [] })
}

function referenceOf(generations: readonly EarlierGeneration[], wanted: string): string {
  const found = generations.find(({ prompt }) => prompt === wanted)
  if (!found) throw new Error(`no request says "${wanted}"`)
  return found.reference
}

/** These generations and their ledger as stored. */
function rowsOf(location: StoreLocation, generations: readonly EarlierGeneration[]): Promise<unknown[]> {
  const ids = sql.join(generations.map(({ id }) => sql.lit(id)))
  return readBeside(location, async ({ statements }) => {
    const rows = await sql`select id, state, provider, price, message_id, created_at, started_at, ended_at, end_reason, captured, output_url
      from generations where id in (${ids}) order by id`.execute(statements)
    const ledger =
      await sql`select sequence, generation_id, kind, amount, guild_id, day_key, month_key, created_at from ledger where generation_id in (${ids}) order by sequence`.execute(
        statements,
      )
    return [...rows.rows, ...ledger.rows]
  })
}

/** Each row as the list of its values. */
function readTables(location: StoreLocation, names: readonly string[]): Promise<unknown[][][]> {
  return readBeside(location, ({ statements }) =>
    Promise.all(
      names.map(async (name) => {
        const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(statements)
        return rows.map((row) => Object.values(row)).sort(byContent)
      }),
    ),
  )
}

const byContent = (left: unknown[], right: unknown[]) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)

/** Fields of stored JSON have new names since 0003. */
const renameFields = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('"startFrame":', '"firstFrame":') : value)

function appliedMigrations(location: StoreLocation): Promise<string[]> {
  return readBeside(location, async ({ statements }) => {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(statements)
    return rows.map(({ name }) => name)
  })
}

function settingsOf(location: StoreLocation, { discord }: TestSandbox): Promise<unknown> {
  return readBeside(location, (database) => createGuildSettings(createKeyv(database, 'guild-settings')).read(discord.guild.id))
}

async function readBeside<Result>(location: StoreLocation, read: (database: Database) => Promise<Result>): Promise<Result> {
  const database = openAlongside(location)
  try {
    return await read(database)
  } finally {
    await database.close()
  }
}
