import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { film, quarterHour, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

function expectNothingPosted({ discord }: TestSandbox, left: readonly string[] = []): void {
  // Requesters are told of a clip that took long, by a message with its link: on a busy machine that is every clip.
  const others = discord.guild.channel.messages().filter(({ text }) => !left.some((id) => text.includes(`/${id}`)))
  expect(others.map(({ id }) => id)).toEqual(left)
  expect(discord.requests.filter(({ operation }) => operation === 'create_message')).toEqual([])
  expect(discord.responseProblems).toEqual([])
}

describe('a card that a moderator deletes', () => {
  it('cancels a waiting request: nothing is made, charged or posted', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' }, clock: createClock(10) })
    const { discord, providers } = sandbox
    const { card } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'a second boat')
    const next = await waiting.reply(says(/Queued/))
    const deleted = await film(sandbox, 'a third boat')
    const last = await deleted.reply(says(/Queued/))
    discord.deleteMessage(last.id)
    // Its position changes, which its card would show.
    providers.fal.jobs.release('completion')
    await until(() => readGeneration(sandbox, deleted).state === 'cancelled')
    const notice = await deleted.followUp()
    expect(notice).toMatchObject({ ephemeral: true })
    expect(notice.text).toContain('A moderator cancelled this clip.')
    await until(() => readGeneration(sandbox, waiting).state === 'done')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, deleted)).toMatchObject({ attempts: 0, ledger: 'reserve release' })
    expectNothingPosted(sandbox, [card.id, next.id])
  })

  it('asks the provider to cancel a running job', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate' }, clock: createClock(10) })
    const { discord, providers } = sandbox
    const { interaction, card } = await renderingClip(sandbox, { provider: 'replicate' })
    discord.deleteMessage(card.id)
    await providers.replicate.requests.reached('cancel')
    await until(() => readGeneration(sandbox, interaction).state === 'cancelled')
    expect((await interaction.followUp()).text).toContain('A moderator cancelled this clip.')
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
    expectNothingPosted(sandbox)
  })

  it('leaves a clip that was paid to its requester alone', async () => {
    const sandbox = await testSandbox({ environment })
    const { discord, providers } = sandbox
    const { interaction, card } = await renderingClip(sandbox)
    discord.deleteMessage(card.id)
    providers.fal.jobs.release('completion')
    const notice = await interaction.followUp()
    expect(notice).toMatchObject({ ephemeral: true })
    expect(notice.text).toContain(providers.fal.origins.media)
    await until(() => readGeneration(sandbox, interaction).state === 'done')
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
    expectNothingPosted(sandbox)
    const log = sandbox.logLines.join('')
    expect([log.includes('"clip not posted: its card was deleted"'), log.includes('"clip posted"')]).toEqual([true, false])
  })

  it('is not replaced after the token has expired, by a clip or by a failure', async () => {
    const sandbox = await testSandbox({ environment })
    const { discord, providers } = sandbox
    const clip = await renderingClip(sandbox)
    const failing = await film(sandbox, 'a boat sandbox:failed')
    const card = await failing.reply(says(/Rendering/))
    discord.clock.advance(quarterHour + 1000)
    for (const { id } of [clip.card, card]) discord.deleteMessage(id)
    providers.fal.jobs.release('completion')
    await until(() => readGeneration(sandbox, clip.interaction).state === 'done')
    await until(() => readGeneration(sandbox, failing).state === 'failed')
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
    expectNothingPosted(sandbox)
  })
})
