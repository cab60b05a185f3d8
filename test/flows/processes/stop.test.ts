import { describe, expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { type Bot, startBot } from '../../../src/main.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { expectPaidOnce, film, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { openGate } from '../../support/network/gate.ts'
import { testImage } from '../../support/media/test-image.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { openSlowImage, type SlowImage } from '../../support/media/slow-image.ts'
import { countRows, readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

describe('a clean stop', () => {
  it('leaves cards without a time, and the next start resumes', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' } })
    const { interaction } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    await sandbox.stopBot()
    expect(interaction.currentReply()?.text).toMatch(/Rendering.*is restarting.*resume automatically.*Requested <t:/s)
    expect(interaction.currentReply()?.text).not.toMatch(/ready/)
    expect(waiting.currentReply()?.text).toMatch(/Queued.*Next in the queue/s)
    await sandbox.startBot()
    await interaction.reply((message) => /Rendering/.test(message.text) && !/restarting/.test(message.text))
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(waiting)])
    await expectPaidOnce(sandbox, waiting)
  })
})

describe('a stop during an image download', () => {
  const oneAtATime = { ...environment, FAL_CONCURRENCY: '1' }

  /** One clip is rendering, one is queued, and the image of a third does not arrive. */
  async function waitingForImage(grace: string): Promise<{
    sandbox: TestSandbox
    bot: Bot
    image: SlowImage
    interactions: Record<'rendering' | 'waiting' | 'asking', Interaction>
  }> {
    const sandbox = await testSandbox({ environment: oneAtATime })
    await sandbox.stopBot()
    const bytes = await testImage()
    const slowImage = await openSlowImage(bytes)
    const { origins, ...settings } = botSettingsFor(sandbox, { environment: { ...oneAtATime, STOP_GRACE_SECONDS: grace } })
    const bot = await startBot({ ...settings, origins: { ...origins, discordMedia: [slowImage.origin] } })
    const { interaction: rendering } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    const image = { name: 'picture.png', bytes, claims: { width: 640, height: 360, url: slowImage.url } }
    const asking = await sandbox.discord.member.run('animate', { image, prompt: 'it moves' })
    await slowImage.asked
    return { sandbox, bot, image: slowImage, interactions: { rendering, waiting, asking } }
  }

  it('starts no further job, and answers the requester privately', async () => {
    const { sandbox, bot, interactions } = await waitingForImage('0')
    const stopped = bot.stop()
    sandbox.providers.fal.jobs.release('completion')
    await stopped
    expect(sandbox.providers.fal.jobs.list()).toHaveLength(1)
    const answer = await interactions.asking.followUp()
    expect(answer).toMatchObject({ ephemeral: true })
    expect(answer.text).toContain('restarting')
    expect(interactions.asking.currentReply()).toBeUndefined()
    expect(countRows(sandbox, 'generations')).toBe(2)
    await sandbox.startBot()
    await Promise.all([finishedCard(interactions.rendering), finishedCard(interactions.waiting)])
    await expectPaidOnce(sandbox, interactions.waiting)
  })

  it('leaves a request that is accepted meanwhile in the queue for the next start', async () => {
    const { sandbox, bot, image, interactions } = await waitingForImage('30')
    const stopped = bot.stop()
    sandbox.providers.fal.jobs.release('completion')
    // Once the first clip is no longer watched, its completion starts no further job.
    await until(
      () => /is restarting/.test(interactions.rendering.currentReply()?.text ?? '') || sandbox.providers.fal.jobs.list().length > 1,
    )
    image.release()
    await stopped
    expect(sandbox.providers.fal.jobs.list()).toHaveLength(1)
    expect(readGeneration(sandbox, interactions.asking)).toMatchObject({ state: 'queued', attempts: 0 })
    expect(interactions.asking.currentReply()?.text).toMatch(/Queued/)
    await sandbox.startBot()
    await Promise.all(Object.values(interactions).map(finishedCard))
    await expectPaidOnce(sandbox, interactions.asking)
  })
})

it('a stopping bot refuses new requests privately', async () => {
  const sandbox = await testSandbox({ environment })
  await sandbox.stopBot()
  const gate = await openGate(sandbox.providers.fal.origins.queue)
  gate.hold()
  const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin }))
  const first = await film(sandbox)
  await gate.answered
  const stopped = bot.stop()
  await until(() => first.currentReply() !== undefined)
  const late = await film(sandbox, 'another boat')
  expect(await late.reply()).toMatchObject({ ephemeral: true })
  expect(late.currentReply()?.text).toContain('restarting')
  gate.release()
  await stopped
  expect(countRows(sandbox, 'generations')).toBe(1)
})
