import { expect, it } from 'vitest'

import { discordRateLimits } from '../../../sandbox/discord/http/rate-limit-rules.ts'
import { film, quarterHour, says } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

const clips = 7

/** More cards in one channel than Discord lets a bot edit in five seconds; their clips are complete when their tokens have expired. */
async function expiredCards(sandbox: TestSandbox, age: number) {
  const { discord, providers } = sandbox
  providers.fal.jobs.hold('completion')
  const requests = await Promise.all(Array.from({ length: clips }, () => film(sandbox, 'a boat')))
  const cards = await Promise.all(requests.map((request) => request.reply(says(/Rendering/))))
  discord.clock.advance(age)
  providers.fal.jobs.release('completion')
  return cards
}

const limited = () =>
  testSandbox({
    discord: { rateLimit: discordRateLimits },
    environment: { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000', FAL_CONCURRENCY: '20' },
  })
const withClip = ({ discord }: TestSandbox) => discord.guild.channel.messages().filter(({ attachments }) => attachments.length > 0)

it("every clip is posted in its card within Discord's limit of a channel's edits", async () => {
  const sandbox = await limited()
  const cards = await expiredCards(sandbox, quarterHour + 1000)
  await sandbox.discord.guild.channel.message(() => withClip(sandbox).length === clips)
  expect(
    withClip(sandbox)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(cards.map(({ id }) => id).toSorted())
})

it('every clip is posted once when Discord takes few edits of messages older than an hour', async () => {
  const sandbox = await limited()
  const cards = await expiredCards(sandbox, 4 * quarterHour + 1000)
  await sandbox.discord.guild.channel.message(() => withClip(sandbox).length === clips)
  await sandbox.stopBot()
  const ids = new Set(cards.map(({ id }) => id))
  const posted = withClip(sandbox)
  expect(posted).toHaveLength(clips)
  expect(posted.filter(({ id }) => ids.has(id)).length).toBeLessThanOrEqual(3)
})
