import { describe, expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { openAlongside } from '../../../src/storage/database.ts'
import { type Store, stores } from '../../storage/stores.ts'
import { film, minute, quarterHour, says, until } from '../../support/sandbox/clip-steps.ts'
import { countTries, type DeliveryTries, failedTries, passTime } from '../../support/sandbox/delivery-tries.ts'
import { endedCard, finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'

const onlyWhatMatters = { FAL_CREATES_PER_MINUTE: '1000', REPLICATE_CREATES_PER_MINUTE: '1000' }
const unavailable = { status: 503, body: {} }
const messageCalls = { path: /messages/ }

interface Outage extends DeliveryTries {
  interaction: Interaction
  /** The state of the clip, and its ledger. */
  stored: () => Promise<{ state: string | undefined; ledger: string }>
}

/** A clip that is finished while Discord answers every call about messages with 503. The interaction's token expires meanwhile. */
async function finishedInOutage(store: Store, provider: 'fal' | 'replicate'): Promise<Outage> {
  const location = await store.placeWithTables()
  const environment = {
    ...onlyWhatMatters,
    PROVIDERS: provider,
    DATABASE_URL: 'file' in location ? `sqlite:${location.file}` : location.url,
  }
  const clock = createSkippableClock()
  const sandbox = await testSandbox({ environment, clock })
  const { jobs } = sandbox.providers[provider]
  jobs.hold('completion')
  const interaction = await film(sandbox)
  await interaction.reply(says(/Rendering/))
  sandbox.discord.faults.failNext(messageCalls, unavailable, { times: Infinity })
  jobs.release('completion')
  await failedTries({ sandbox }, 1, 0)
  sandbox.discord.clock.advance(quarterHour + 1000)
  const stored = async () => {
    const database = openAlongside(location)
    try {
      const { statements } = database
      const ledger = await statements.selectFrom('ledger').select('kind').orderBy('sequence').execute()
      const generation = await statements.selectFrom('generations').select('state').executeTakeFirst()
      return { state: generation?.state, ledger: ledger.map(({ kind }) => kind).join(' ') }
    } finally {
      await database.close()
    }
  }
  return { clock, sandbox, interaction, stored }
}

async function restart({ sandbox }: DeliveryTries): Promise<void> {
  const tries = countTries(sandbox)
  await sandbox.stopBot()
  await sandbox.startBot()
  await failedTries({ sandbox }, 1, tries)
}

const [sqlite] = stores as [Store]
const cases = [{ store: sqlite, between: 'no restart' }, ...stores.map((store) => ({ store, between: 'a restart' }))].map((each) => ({
  ...each,
  name: each.store.name,
}))

describe.each(cases)('while Discord fails for an hour, with $between in it, on $name', ({ store, between }) => {
  it('a clip that its provider keeps for a day is posted once', async () => {
    const outage = await finishedInOutage(store, 'fal')
    const { clock, sandbox, interaction, stored } = outage
    await passTime(outage, 30 * minute)
    if (between === 'a restart') await restart(outage)
    await passTime(outage, 30 * minute)
    expect(await stored()).toEqual({ state: 'delivering', ledger: 'reserve capture' })
    sandbox.discord.faults.clear()
    clock.skip(5 * minute)
    await finishedCard(interaction)
    await until(() => sandbox.logLines.some((line) => line.includes('clip posted')))
    await sandbox.stopBot()
    expect(await stored()).toEqual({ state: 'done', ledger: 'reserve capture' })
    const messages = sandbox.discord.guild.channel.messages()
    expect(messages.filter(({ attachments }) => attachments.length > 0)).toHaveLength(1)
    expect(messages.flatMap(({ notified }) => notified)).toEqual([sandbox.discord.member.id])
  })

  it('a clip that its provider keeps for an hour is refunded after it, which is told once Discord is back', async () => {
    const outage = await finishedInOutage(store, 'replicate')
    const { clock, sandbox, interaction, stored } = outage
    await passTime(outage, 30 * minute)
    if (between === 'a restart') await restart(outage)
    await passTime(outage, 20 * minute)
    await passTime(outage, 5 * minute)
    expect(await stored()).toEqual({ state: 'delivering', ledger: 'reserve capture' })
    clock.skip(10 * minute)
    await expect.poll(stored).toEqual({ state: 'failed', ledger: 'reserve capture refund' })
    sandbox.discord.faults.clear()
    const told = endedCard(interaction, /Failed.*Discord didn't accept the clip.*refunded \$0\.35/s)
    await passUntil(() => clock.skip(minute), told)
  })
})

it('a stop does not wait for Discord', async () => {
  const outage = await finishedInOutage(sqlite, 'fal')
  await passTime(outage, 10 * minute)
  await outage.sandbox.stopBot()
  expect(await outage.stored()).toEqual({ state: 'delivering', ledger: 'reserve capture' })
})

it('a clip that Discord takes no upload of is posted as a link before its provider deletes it', async () => {
  const outage = await finishedInOutage(sqlite, 'replicate')
  const { clock, sandbox, interaction, stored } = outage
  sandbox.discord.faults.clear()
  sandbox.discord.faults.failNext({ when: ({ files }) => files.length > 0 }, unavailable, { times: Infinity })
  await passTime(outage, 50 * minute)
  clock.skip(10 * minute)
  const card = await interaction.reply(says(/Your clip is ready.*Discord didn't accept the upload/s))
  expect(card.buttons[0]?.url).toContain(sandbox.providers.replicate.origins.delivery)
  await expect.poll(stored).toEqual({ state: 'done', ledger: 'reserve capture' })
})

/** Lets the bot's maintenance run until then. */
async function passUntil(skip: () => void, awaited: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  void awaited.finally(() => over.abort())
  while (!over.signal.aborted) {
    skip()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await awaited
}
