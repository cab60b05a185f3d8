import { describe, expect, test } from 'vitest'

import { ids, interactionToken } from '../discord/support/example-generation.ts'
import { buttonPayload, commandPayload } from '../discord/support/interaction-payloads.ts'
import { attachment, imageOption, lastAttachment, lastImageOption, useCommands } from './use-commands.ts'

const generationId = '0196a1b2c3d4e5f60718293a4b5c6d7e'
const prompt = { name: 'prompt', type: 3, value: '  a paper boat  ' }
const resolved = { attachments: { [attachment.id]: attachment, [lastAttachment.id]: lastAttachment } }

const requester = {
  memberId: ids.member,
  guildId: ids.guild,
  channelId: ids.channel,
  reply: {
    applicationId: ids.application,
    interactionId: ids.interaction,
    token: interactionToken,
    attachmentSizeLimit: 10_485_760,
    locale: 'de',
  },
}

const stage = useCommands()

describe('/animate', () => {
  test('checks, acknowledges, and asks for what was typed', async () => {
    const options = [
      imageOption,
      prompt,
      { name: 'duration', type: 4, value: 10 },
      { name: 'negative', type: 3, value: ' fog ' },
      { name: 'guidance', type: 10, value: 0 },
    ]
    await stage.send(commandPayload('animate', options, { resolved }))
    const input = {
      prompt: 'a paper boat',
      negativePrompt: 'fog',
      durationSeconds: 10,
      guidance: 0,
      image: { url: attachment.url, name: 'boat.png', sizeBytes: 123_456, width: 800, height: 600 },
    }
    expect(stage.asked).toEqual([
      { what: 'check', of: [input, requester] },
      { what: 'request', of: [input, requester] },
    ])
    expect((await stage.discord.call('POST', /\/callback$/)).body).toMatchObject({ type: 5 })
  })

  test('without an image is refused', async () => {
    await stage.send(commandPayload('animate', [prompt]))
    expect(await stage.refusal()).toContain('The image is missing')
  })
})

describe('/animate with more', () => {
  test('ends on the last image', async () => {
    await stage.send(commandPayload('animate', [imageOption, prompt, lastImageOption], { resolved }))
    expect(stage.asked).toMatchObject(
      ['check', 'request'].map((what) => ({
        what,
        of: [
          {
            image: { url: attachment.url, name: 'boat.png' },
            lastImage: { url: lastAttachment.url, name: 'harbour.jpg', sizeBytes: 7, width: undefined, height: undefined },
          },
          requester,
        ],
      })),
    )
  })

  test.each([
    ['replicate', 'replicate'],
    [' Fal.AI ', 'fal'],
    ['  ', undefined],
  ])('takes %j as the provider %s', async (value, provider) => {
    await stage.send(commandPayload('animate', [imageOption, prompt, { name: 'provider', type: 3, value }], { resolved }))
    expect(stage.asked.map(({ of }) => (of[0] as { provider?: string }).provider)).toEqual([provider, provider])
  })

  test('refuses a provider that nobody knows before the acknowledgement, naming those that are set up', async () => {
    const options = [
      imageOption,
      prompt,
      lastImageOption,
      { name: 'guidance', type: 10, value: 0.5 },
      { name: 'provider', type: 3, value: 'Hollywood' },
    ]
    await stage.send(commandPayload('animate', options, { resolved }))
    expect(await stage.refusal()).toBe("This bot doesn't use Hollywood. Choose fal.ai or Replicate, or leave `provider` empty.")
    expect(stage.discord.calls).toHaveLength(1)
    expect(stage.asked).toEqual([])
    expect(stage.inputs).toEqual([{ image: true, lastImage: false, durationSeconds: 5 }])
  })

  test('refuses a known provider that is not set up', async () => {
    await stage.send(commandPayload('animate', [imageOption, prompt, { name: 'provider', type: 3, value: 'runware' }], { resolved }))
    expect(await stage.refusal()).toContain("This bot doesn't use runware. Choose fal.ai or Replicate")
    expect(stage.asked).toEqual([])
  })
})

describe('/film', () => {
  test('fills in what was left out', async () => {
    await stage.send(commandPayload('film', [prompt]))
    expect(stage.asked[1]).toEqual({
      what: 'request',
      of: [{ prompt: 'a paper boat', durationSeconds: 5, aspectRatio: '16:9' }, requester],
    })
  })

  test('takes the shape that was chosen', async () => {
    await stage.send(commandPayload('film', [prompt, { name: 'aspect', type: 3, value: '9:16' }]))
    expect(stage.asked[1]?.of[0]).toMatchObject({ aspectRatio: '9:16' })
  })

  test('of nothing but white space is refused', async () => {
    await stage.send(commandPayload('film', [{ ...prompt, value: ' \u2003 ' }]))
    expect(await stage.refusal()).toContain('prompt is empty')
  })

  test('where the bot is no member is refused', async () => {
    await stage.send(commandPayload('film', [prompt], { authorizing_integration_owners: { 1: ids.member } }))
    expect(await stage.refusal()).toContain("isn't a member of this server")
  })

  test('where the bot could not post later is refused, naming what it lacks', async () => {
    await stage.send(commandPayload('film', [prompt], { app_permissions: String(1 << 10) }))
    expect(await stage.refusal()).toMatch(/\*\*Send Messages\*\*.*\*\*Attach Files\*\*.*\*\*Read Message History\*\*/)
  })

  test('in a thread asks for the permission of threads', async () => {
    const channel = { id: '300000000000000009', type: 11, name: 'thread', guild_id: ids.guild, parent_id: ids.channel, thread_metadata: {} }
    await stage.send(
      commandPayload('film', [prompt], {
        channel,
        channel_id: channel.id,
        app_permissions: String((1 << 10) | (1 << 11) | (1 << 15) | (1 << 16)),
      }),
    )
    expect(await stage.refusal()).toContain('**Send Messages in Threads**')
  })

  test('without a told upload limit counts on the least', async () => {
    await stage.send(commandPayload('film', [prompt], { attachment_size_limit: undefined }))
    expect(stage.asked[1]?.of[1]).toMatchObject({ reply: { attachmentSizeLimit: 10_485_760 } })
  })
})

describe('Cancel', () => {
  test.each([
    ['0', false],
    [String(1 << 13), true],
  ])('with permissions %s: may manage messages %s', async (permissions, mayManageMessages) => {
    const payload = buttonPayload(`cancel:${generationId}`)
    await stage.send({ ...payload, member: { ...payload.member, permissions } })
    expect(stage.asked).toEqual([{ what: 'cancel', of: [generationId, { memberId: ids.member, guildId: ids.guild, mayManageMessages }] }])
  })
})
