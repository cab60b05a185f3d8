import { expect, it } from 'vitest'

import { createGuildUploadLimits } from '../../../src/discord/delivery/upload-limits.ts'
import { createLog } from '../../../src/lib/log.ts'

const mebibyte = 1024 * 1024

function limitsOver(guilds: Record<string, unknown>, atGateway: Record<string, number> = {}) {
  const asked: string[] = []
  let now = 0
  const limitOf = createGuildUploadLimits({
    tierAtGateway: (guildId) => atGateway[guildId],
    readGuild: (guildId) => {
      asked.push(guildId)
      return guildId in guilds ? Promise.resolve(guilds[guildId]) : Promise.reject(new Error('Missing Access'))
    },
    clock: { now: () => now },
    log: createLog({ level: 'silent' }),
  })
  return { limitOf, asked, pass: (milliseconds: number) => void (now += milliseconds) }
}

it('asks Discord at most once an hour for a guild that is not at this gateway', async () => {
  const guilds: Record<string, unknown> = { boosted: { id: 'boosted', premium_tier: 2 } }
  const { limitOf, asked, pass } = limitsOver(guilds)
  expect(await limitOf('boosted')).toBe(50 * mebibyte)
  guilds['boosted'] = { premium_tier: 3 }
  expect(await limitOf('boosted')).toBe(50 * mebibyte)
  expect(asked).toEqual(['boosted'])
  pass(3_600_000)
  expect(await limitOf('boosted')).toBe(100 * mebibyte)
})

it('does not ask for a guild that is at this gateway', async () => {
  const { limitOf, asked } = limitsOver({}, { seen: 2 })
  expect(await limitOf('seen')).toBe(50 * mebibyte)
  expect(asked).toEqual([])
})

it('falls back to the last known limit, then to the default', async () => {
  const guilds: Record<string, unknown> = { odd: { premium_tier: 'gold' }, later: { premium_tier: 2 } }
  const { limitOf, pass } = limitsOver(guilds)
  for (const id of ['odd', 'strange']) expect(await limitOf(id)).toBe(10 * mebibyte)
  await limitOf('later')
  delete guilds['later']
  pass(3_600_000)
  expect(await limitOf('later')).toBe(50 * mebibyte)
})
