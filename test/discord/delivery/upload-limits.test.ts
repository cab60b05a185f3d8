import { describe, expect, test } from 'vitest'

import type { RecordedCall } from '../../support/discord/scripted-discord.ts'
import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, clip, mebibyte, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('a clip that is too large', () => {
  const bytes = (size: number) => ({ ...clip, bytes: new Uint8Array(size) })
  const linkOf = (call: RecordedCall | undefined) => JSON.stringify(call?.body).includes(clip.url)

  test('by token: is limited by the stated size minus the multipart overhead', async () => {
    const limited = exampleGeneration({ reply: { ...exampleGeneration().reply, attachmentSizeLimit: 100_000 } })
    await stage.post(limited, bytes(100_000 - 16_384))
    await stage.post({ ...limited, id: `f${limited.id.slice(1)}` }, bytes(100_000 - 16_384 + 1))
    const [fits, linked] = stage.calls('PATCH', reply)
    expect([fits?.files.length, linked?.files.length]).toEqual([1, 0])
    expect(linkOf(linked)).toBe(true)
    expect(linked?.body).toMatchObject({ attachments: [] })
  })

  test.each([
    [100 * mebibyte, 25 * mebibyte],
    [10 * mebibyte, 10 * mebibyte],
  ])('by bot token in a guild that allows %i: is limited to %i minus the multipart overhead', async (allowed, limit) => {
    await stage.clock.advance(15 * minute)
    stage.uploadLimit = allowed
    const generation = exampleGeneration({ messageId: ids.reply })
    await stage.post(generation, bytes(limit - 16_384))
    await stage.post({ ...generation, id: `f${generation.id.slice(1)}` }, bytes(limit - 16_384 + 1))
    const [fits, linked] = stage.calls('PATCH', channelMessage)
    expect([fits?.files.length, linked?.files.length]).toEqual([1, 0])
    expect(linkOf(linked)).toBe(true)
  })

  test('is replaced by its link if Discord rejects it', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.tooLarge)
    await stage.post()
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([1, 0])
    expect(linkOf(stage.calls('PATCH', reply)[1])).toBe(true)
  })
})
