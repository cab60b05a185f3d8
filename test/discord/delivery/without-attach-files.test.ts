import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, channelMessages, clip, followUps, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()
const known = exampleGeneration({ state: 'delivering', messageId: ids.reply })
const oldCard = new RegExp(`/messages/${ids.reply}$`)

describe('where the bot may attach no files any more', () => {
  test.each([
    ['the token works', { ago: 0, path: reply }],
    ['the token has expired', { ago: 15 * minute, path: oldCard }],
  ])('the card itself gets the link: %s', async (_case, { ago, path }) => {
    await stage.clock.advance(ago)
    stage.discord.answerOnce('PATCH', reply, refusals.missingPermissions)
    stage.discord.answerOnce('PATCH', oldCard, refusals.missingPermissions)
    expect(await stage.post(known)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const link = stage.calls('PATCH', path).at(-1)
    expect(link?.files).toEqual([])
    expect(JSON.stringify(link?.body)).toContain(clip.url)
    expect(JSON.stringify(link?.body)).toContain("Discord didn't accept the upload.")
    // Besides the mention of the requester.
    expect(stage.calls('POST', channelMessages).filter(({ body }) => 'components' in body)).toEqual([])
  })

  test('a new message gets it where the card cannot be edited', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', oldCard, refusals.archivedThread)
    stage.discord.answerOnce('PATCH', channelMessage, refusals.missingPermissions)
    expect(await stage.post(known)).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
    const last = stage.calls('PATCH', channelMessage).at(-1)
    expect([last?.path.endsWith(ids.fresh), last?.files]).toEqual([true, []])
    expect(JSON.stringify(last?.body)).toContain(clip.url)
  })
})

describe('where the channel takes no message any more', () => {
  function closeChannel(): void {
    stage.discord.answerAlways('PATCH', reply, refusals.missingAccess)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.missingAccess)
    stage.discord.answerAlways('POST', channelMessages, refusals.missingAccess)
  }

  test('the requester alone gets the link, once', async () => {
    closeChannel()
    await stage.post({ ...known, createdAt: stage.clock.now() - 5 * minute })
    const [notice, ...others] = stage.calls('POST', followUps)
    expect(others).toEqual([])
    expect(notice?.body).toMatchObject({ flags: 64, allowed_mentions: { parse: [] } })
    expect(notice?.body['content']).toContain("Your clip is ready, but the bot can't post it in this channel any more.")
    expect(notice?.body['content']).toContain(`<${clip.url}>`)
    expect(stage.notified).toBe(1)
  })

  test('the requester alone gets the link if a new message cannot be edited either', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.missingAccess)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.missingAccess)
    await stage.post(known)
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
    expect(stage.calls('POST', followUps)).toHaveLength(1)
  })

  test('a link that is too long for a message is replaced by the reference', async () => {
    closeChannel()
    await stage.post(known, { ...clip, url: `https://host.example/secret-clip.mp4?${'a'.repeat(1500)}` })
    const [notice] = stage.calls('POST', followUps)
    expect(notice?.body['content']).toContain('c0ffee42')
    expect(String(notice?.body['content']).length).toBeLessThan(2000)
  })

  test.each([
    ['the token has expired', 15 * minute, undefined],
    ['Discord refuses that, too', 0, refusals.missingAccess],
  ])('the delivery fails for good if %s', async (_case, ago, refusal) => {
    await stage.clock.advance(ago)
    closeChannel()
    if (refusal) stage.discord.answerAlways('POST', followUps, refusal)
    await expect(stage.post(known)).rejects.toMatchObject({ name: 'DeliveryError', permanent: true })
    expect(stage.notified).toBe(0)
  })
})
