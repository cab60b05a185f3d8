import { describe, expect, it } from 'vitest'

import { createClock } from '../../../src/lib/clock.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { expectPaidOnce, film, minute, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { endedCard, finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isEdit = ({ method, path }: Recorded) => method === 'PATCH' && path.includes('/messages/')
const edits = { when: (request: Recorded) => isEdit(request) && request.files.length === 0 }

describe('a card’s edits', () => {
  it('that are rate-limited for an hour do not delay the clip', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.rateLimitNext(edits, 3600, Infinity)
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })

  it('that fail are repeated, so that a queued request does not keep showing “thinking…”', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' }, clock: createClock(10) })
    const { interaction } = await renderingClip(sandbox)
    sandbox.discord.faults.failNext(edits, { status: 503, body: {} }, { times: 4 })
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Queued.*Next/s))
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(waiting)])
    await expectPaidOnce(sandbox, waiting)
  })

  it('are sent one at a time, and the clip follows the one in progress', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(20) })
    const { discord, providers } = sandbox
    // The same clip again needs no encoding, so that the edit below is not held until the bot gives it up.
    await finishedCard(await film(sandbox))
    const { interaction } = await renderingClip(sandbox)
    const held = discord.faults.hold(edits)
    await held.arrived
    const before = discord.requests.length
    providers.fal.jobs.release('completion')
    await providers.fal.jobs.reached('succeeded')
    await until(() => readGeneration(sandbox, interaction).state === 'delivering')
    expect(discord.requests.filter((request) => isEdit(request) && request.status === 0)).toHaveLength(1)
    held.release()
    await finishedCard(interaction)
    // While the clip is still being downloaded, one edit may say so.
    const next = discord.requests.slice(before).filter(isEdit).slice(0, 2)
    expect(next.flatMap(({ files }) => files)).toHaveLength(1)
    await expectPaidOnce(sandbox, interaction)
  })
})

describe('the gateway connection during a render', () => {
  it.each<[string, (sandbox: TestSandbox) => void, { identifies: number; resumes: number }]>([
    ['breaks off: the session is resumed', ({ discord }) => discord.gateway.cut(), { identifies: 1, resumes: 1 }],
    ['asks to reconnect: the session is resumed', ({ discord }) => discord.gateway.askReconnect(), { identifies: 1, resumes: 1 }],
    ['ends the session: the bot identifies again', ({ discord }) => discord.gateway.invalidateSessions(), { identifies: 2, resumes: 0 }],
  ])('%s, and the clip is posted', async (_case, disturb, expected) => {
    const sandbox = await testSandbox({ environment })
    const { gateway } = sandbox.discord
    const { interaction } = await renderingClip(sandbox)
    disturb(sandbox)
    await until(() => gateway.identifies + gateway.resumes === 2 && gateway.connected)
    expect({ identifies: gateway.identifies, resumes: gateway.resumes }).toEqual(expected)
    sandbox.providers.fal.jobs.release('completion')
    await finishedCard(interaction)
    // Commands arrive over the new connection.
    const next = await film(sandbox, 'another boat')
    await finishedCard(next)
    await expectPaidOnce(sandbox, next)
  })
})

describe('an acknowledgement', () => {
  const callbacks = { operation: 'create_interaction_response' }
  it.each(['before', 'after'] as const)('whose connection breaks %s it arrives is repeated, and the clip is posted', async (moment) => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(callbacks, 'reset', { moment })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

it('an outcome that Discord did not accept is sent once it does, even after a restart, with one private notice', async () => {
  const clock = createSkippableClock()
  const sandbox = await testSandbox({ environment, clock })
  const outcomes = { when: ({ body }: Recorded) => JSON.stringify(body ?? '').includes('Failed') }
  sandbox.discord.faults.failNext(outcomes, { status: 503, body: {} }, { times: Infinity })
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  await interaction.reply()
  await until(() => readGeneration(sandbox, interaction).state === 'failed')
  await sandbox.stopBot()
  sandbox.discord.faults.clear()
  await sandbox.startBot()
  await endedCard(interaction, /Failed/)
  await interaction.followUp(({ ephemeral }) => ephemeral)
  clock.skip(10 * minute)
  await finishedCard(await film(sandbox, 'another boat'))
  expect(interaction.followUps()).toHaveLength(1)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ ledger: 'reserve release' })
})
