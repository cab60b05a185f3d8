import { expect, it } from 'vitest'

import { uploadLimitOfTier } from '../../src/discord/delivery/upload-limits.ts'
import { createLog } from '../../src/lib/log.ts'
import { createGuildUploadLimits } from '../../src/discord/delivery/guild-upload-limits.ts'

const mebibyte = 1024 * 1024

function limitsOver(guilds: Record<string, unknown>, atGateway: Record<string, number> = {}) {
  const asked: string[] = []
  let now = 0
  const limits = createGuildUploadLimits({
    tierAtGateway: (guildId) => atGateway[guildId],
    readGuild: (guildId) => {
      asked.push(guildId)
      return guildId in guilds ? Promise.resolve(guilds[guildId]) : Promise.reject(new Error('Missing Access'))
    },
    limitOfTier: uploadLimitOfTier,
    now: () => now,
    log: createLog({ level: 'silent' }),
  })
  return { limits, asked, pass: (milliseconds: number) => void (now += milliseconds) }
}

it('the limit of a guild that no gateway told of is asked for once an hour', async () => {
  const guilds: Record<string, unknown> = { boosted: { id: 'boosted', premium_tier: 2 } }
  const { limits, asked, pass } = limitsOver(guilds)
  expect(limits.of('boosted')).toBe(10 * mebibyte)
  await limits.learn('boosted')
  await limits.learn('boosted')
  expect(limits.of('boosted')).toBe(50 * mebibyte)
  expect(asked).toEqual(['boosted'])
  guilds['boosted'] = { premium_tier: 3 }
  pass(3_600_000)
  await limits.learn('boosted')
  expect(limits.of('boosted')).toBe(100 * mebibyte)
})

it('a guild that the gateway told of is not asked for', async () => {
  const { limits, asked } = limitsOver({}, { seen: 2 })
  await limits.learn('seen')
  expect(limits.of('seen')).toBe(50 * mebibyte)
  expect(asked).toEqual([])
})

it('where Discord does not say, the least there is holds, and what was known stands', async () => {
  const guilds: Record<string, unknown> = { odd: { premium_tier: 'gold' }, later: { premium_tier: 2 } }
  const { limits, pass } = limitsOver(guilds)
  for (const id of ['odd', 'strange']) {
    await limits.learn(id)
    expect(limits.of(id)).toBe(10 * mebibyte)
  }
  await limits.learn('later')
  delete guilds['later']
  pass(3_600_000)
  await limits.learn('later')
  expect(limits.of('later')).toBe(50 * mebibyte)
})
