import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import { showsClip } from '../chaos/shared/shown-clip.ts'
import { startBot } from '../../src/main.ts'
import type { Database } from '../../src/storage/database.ts'
import { ShardTakenError } from '../../src/discord/gateway/shards.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../storage/stores.ts'
import { startBotProcess } from '../support/bot/bot-process.ts'
import { botSettingsFor } from '../support/bot/bot-settings.ts'
import { walletOf } from '../support/store/generations.ts'
import { openGate } from '../support/network/gate.ts'
import { outcomeCard } from '../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../support/sandbox/sandbox.ts'

const limits = { PROVIDERS: 'fal', FAL_CONCURRENCY: '3', FAL_CREATES_PER_MINUTE: '1000' }
const film = ({ discord }: TestSandbox, prompt = 'a boat') => discord.member.run('film', { prompt })

interface House {
  sandbox: TestSandbox
  url: string
  database: Database
}

/** A sandbox whose bot is only a gateway, on a PostgreSQL schema of its own. */
async function houseWithGateway(): Promise<House> {
  const url = await temporaryPostgres()
  const sandbox = await testSandbox({ environment: { ...limits, DATABASE_URL: url, ROLE: 'gateway' } })
  return { sandbox, url, database: await openPlace({ url }) }
}

/** Only one that is to take over considers others dead soon: on a busy machine a healthy one may be silent for a while. */
function startWorker({ sandbox, url }: House, { queue, expiryMs = 600_000 }: { queue?: string; expiryMs?: number } = {}) {
  const settings = botSettingsFor(sandbox, { queue, environment: { ...limits, DATABASE_URL: url, ROLE: 'worker' } })
  const withLease = { ...settings, leaseTimes: { heartbeatMs: 200, expiryMs } }
  return startBotProcess(withLease)
}
const startSuccessor = (house: House) => startWorker(house, { expiryMs: 2000 })

async function ledgerKinds({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('ledger').select('kind').orderBy('sequence').execute()).map(({ kind }) => kind)
}

async function states({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('generations').select('state').execute()).map(({ state }) => state)
}

/** The owner of each generation. */
async function owners({ statements }: Database): Promise<(string | null)[]> {
  return (await statements.selectFrom('generations').select('owner').execute()).map(({ owner }) => owner)
}

describe.skipIf(!hasPostgres)('one gateway and two workers on PostgreSQL', () => {
  it('share the clips, and post each once', async () => {
    const house = await houseWithGateway()
    const { sandbox, database } = house
    await Promise.all([startWorker(house), startWorker(house)])
    const interactions = await Promise.all(['one', 'two', 'three', 'four'].map((name) => film(sandbox, `boat ${name}`)))
    for (const card of await Promise.all(interactions.map(finishedCard))) expect(card.attachments).toHaveLength(1)
    await expect.poll(() => walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 4 * 350_000 })
    expect(sandbox.providers.fal.requests.count('create')).toBe(4)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(4)
  })

  it('survive the loss of one worker: the other finishes its clip, with one create call and paid once', async () => {
    const house = await houseWithGateway()
    const { sandbox, database } = house
    sandbox.providers.fal.jobs.hold('completion')
    const first = await startWorker(house)
    const interaction = await film(sandbox)
    await interaction.reply((message) => message.text.includes('Rendering'))
    await startSuccessor(house)
    await first.kill()
    sandbox.providers.fal.jobs.release('completion')
    expect((await outcomeCard(interaction)).attachments).toHaveLength(1)
    await expect.poll(() => ledgerKinds(database)).toEqual(['reserve', 'capture'])
    expect(sandbox.providers.fal.requests.count('create')).toBe(1)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 350_000 })
  })

  it('create no second job where a worker stalls past its lease during the create call, and post its clip once it continues', async () => {
    const house = await houseWithGateway()
    const { sandbox, database } = house
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const sleeper = await startWorker(house, { queue: gate.origin })
    const interaction = await film(sandbox)
    await gate.answered
    const [claimed] = await owners(database)
    sleeper.stall()
    await startSuccessor(house)
    // Nobody can know what became of the call: whoever takes over lets go of the job, and makes no second one.
    expect((await outcomeCard(interaction)).text).toContain('On hold')
    expect(await owners(database)).not.toContain(claimed)
    sleeper.resume()
    gate.release()
    const posted = await interaction.reply(({ components }) => showsClip(components))
    await expect.poll(() => ledgerKinds(database)).toEqual(['reserve', 'hold', 'capture'])
    await expect.poll(() => states(database)).toEqual(['done'])
    expect(sandbox.providers.fal.requests.count('create')).toBe(1)
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 350_000 })
    expect(sandbox.discord.guild.channel.messages().map(({ id }) => id)).toEqual([posted.id])
  })

  it('forward a cancel from the gateway to the worker that owns the clip', async () => {
    const house = await houseWithGateway()
    const { sandbox, database } = house
    sandbox.providers.fal.jobs.hold('completion')
    await startWorker(house)
    const interaction = await film(sandbox)
    const card = await interaction.reply((message) => message.text.includes('Rendering'))
    const [cancel] = card.buttons
    if (!cancel) expect.unreachable('there is nothing to press')
    await sandbox.discord.member.press(card, cancel.customId ?? '')
    await expect
      .poll(async () => (await database.statements.selectFrom('generations').select('cancel_requested_at').execute())[0])
      .toBeDefined()
    expect((await outcomeCard(interaction)).text).toMatch(/Cancelled|On hold/)
  })

  it('refuse a second gateway for the same shard, with a message', async () => {
    const { sandbox, url } = await houseWithGateway()
    const second = startBot(botSettingsFor(sandbox, { environment: { ...limits, DATABASE_URL: url } }))
    await expect(second).rejects.toBeInstanceOf(ShardTakenError)
  })
})

it.skipIf(!hasPostgres)('a worker ends with a clear word where Discord refuses its token', async () => {
  const url = await temporaryPostgres()
  const sandbox = await testSandbox({ environment: limits })
  const reasons: string[] = []
  const settings = botSettingsFor(sandbox, {
    environment: { ...limits, DATABASE_URL: url, ROLE: 'worker', DISCORD_TOKEN: 'a-token-that-nobody-has-given-out' },
  })
  await expect(startBot({ ...settings, onFatal: (reason) => reasons.push(reason) })).rejects.toThrow()
  await expect.poll(() => reasons).toEqual([expect.stringContaining('Discord rejected DISCORD_TOKEN')])
  const database = await openPlace({ url })
  expect((await sql`select id from workers`.execute(database.statements)).rows).toEqual([])
})
