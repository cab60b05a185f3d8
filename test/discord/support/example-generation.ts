import { SnowflakeUtil } from 'discord.js'

import type { Generation } from '../../../src/generations/model/generation.ts'

export const startedAt = Date.parse('2026-05-04T12:00:00Z')

export const ids = {
  application: '100000000000000001',
  guild: '200000000000000001',
  channel: '300000000000000001',
  member: '400000000000000001',
  interaction: SnowflakeUtil.generate({ timestamp: startedAt }).toString(),
  reply: SnowflakeUtil.generate({ timestamp: startedAt + 1, increment: 0n }).toString(),
  fresh: SnowflakeUtil.generate({ timestamp: startedAt + 1, increment: 1n }).toString(),
} as const

/** Must never appear in a log or an error. */
export const interactionToken = 'aW50ZXJhY3Rpb24-token-of-the-example'

export function exampleGeneration(change: Partial<Generation> = {}): Generation {
  return {
    id: '0196a1b2c3d4e5f60718293a4b5c6d7e',
    state: 'rendering',
    owner: 'this-process',
    request: { prompt: 'a paper boat in the rain', durationSeconds: 10 },
    provider: 'fal',
    candidates: ['fal'],
    price: 700_000,
    guildPeriods: { day: '2026-05-04', month: '2026-05' },
    installationPeriods: { day: '2026-05-04', month: '2026-05' },
    createdAt: startedAt,
    startedAt: startedAt + 2000,
    captured: false,
    guildReleased: false,
    reference: 'c0ffee42',
    memberId: ids.member,
    guildId: ids.guild,
    channelId: ids.channel,
    reply: {
      applicationId: ids.application,
      interactionId: ids.interaction,
      token: interactionToken,
      attachmentSizeLimit: 10 * 1024 * 1024,
      locale: 'en-US',
    },
    ...change,
  }
}
