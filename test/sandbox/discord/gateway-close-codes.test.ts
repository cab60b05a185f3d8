import { describe, expect, it } from 'vitest'

import type { GatewaySettings } from '../../../sandbox/discord/gateway/settings.ts'
import { discordWith, type GatewayClient, identified, identifying, identifyWith, openGateway, resuming } from './gateway-client.ts'

const [guildMembers, guildPresences, messageContent] = [1 << 1, 1 << 8, 1 << 15]

/** A greeted client that has sent nothing yet. */
async function greeted(settings?: Partial<GatewaySettings>) {
  const discord = await discordWith({ gateway: settings ?? {} })
  const client = openGateway(discord)
  await client.until(10)
  return { discord, client }
}

describe('a connection is closed after', () => {
  it.each<[string, number, (client: GatewayClient) => void]>([
    ['an opcode that does not exist', 4001, ({ send }) => send(99)],
    ['an opcode that only Discord sends', 4001, ({ send }) => send(7)],
    ['words that are no JSON', 4002, ({ socket }) => socket.send('{')],
    ['a payload without an opcode', 4002, ({ socket }) => socket.send('{"d":1}')],
    ['a payload without content', 4002, ({ socket }) => socket.send('{"op":1}')],
    ['a malformed identify', 4002, ({ send }) => send(2, { token: 7 })],
    ['a malformed resume', 4002, ({ send }) => send(6, { token: 'x', session_id: 'x', seq: -1 })],
    ['more than 4,096 bytes', 4002, ({ send }) => send(1, 'x'.repeat(4096))],
    ['a command before an identify', 4003, ({ send }) => send(3, {})],
    ['a wrong token', 4004, ({ send }) => send(2, identifyWith('wrong'))],
    ['a wrong token on resume', 4004, ({ send }) => send(6, { token: 'wrong', session_id: 'x', seq: 1 })],
  ])('%s (%i)', async (_what, code, act) => {
    const { client } = await greeted()
    act(client)
    expect(await client.closed()).toBe(code)
  })

  it('a second identify, and a resume on top of a session (4005)', async () => {
    const discord = await discordWith()
    const twice = await identified(discord)
    twice.send(2, identifyWith(discord.botToken))
    expect(await twice.closed()).toBe(4005)
    const both = await identified(discord)
    both.send(6, { token: discord.botToken, session_id: both.sessionId, seq: 1 })
    expect(await both.closed()).toBe(4005)
  })

  it('a sequence number that was never sent (4007)', async () => {
    const discord = await discordWith()
    const first = await identified(discord)
    const last = await first.until('GUILD_CREATE')
    expect(await (await resuming(discord, first.sessionId, (last.s ?? 0) + 1)).closed()).toBe(4007)
    await (await resuming(discord, first.sessionId, last.s ?? 0)).until('RESUMED')
  })

  it('more than 120 payloads in a minute (4008)', async () => {
    const { discord, client } = await greeted({ heartbeatIntervalMs: 600_000 })
    for (let sent = 0; sent < 120; sent += 1) client.send(1, null)
    for (let answered = 0; answered < 120; answered += 1) expect((await client.next()).op).toBe(11)
    discord.clock.advance(60_000)
    for (let sent = 0; sent < 121; sent += 1) client.send(1, null)
    for (let answered = 0; answered < 120; answered += 1) expect((await client.next()).op).toBe(11)
    expect(await client.closed()).toBe(4008)
  })

  it.each([[[2, 2]], [[-1, 2]], [[0, 0]]])('the shard %j (4010)', async (shard) => {
    expect(await (await identifying(await discordWith(), { shard })).closed()).toBe(4010)
  })

  it('an identify for more guilds than one shard may have (4011)', async () => {
    const discord = await discordWith({ gateway: { guildsPerShard: 2 } })
    discord.createGuild()
    await identified(discord)
    discord.createGuild()
    expect(await (await identifying(discord)).closed()).toBe(4011)
  })

  it.each(['9', '11', 'ten'])('a connection with version %s (4012)', async (version) => {
    expect(await openGateway(await discordWith(), `?v=${version}&encoding=json`).closed()).toBe(4012)
  })

  it.each([1 << 17, 1 << 22, 1 << 26, 2 ** 33, -1])('the intents %i, some of which do not exist (4013)', async (intents) => {
    expect(await (await identifying(await discordWith(), { intents })).closed()).toBe(4013)
  })

  it.each([guildMembers, guildPresences, messageContent])('the privileged intent %i that is not switched on (4014)', async (intent) => {
    const discord = await discordWith()
    expect(await (await identifying(discord, { intents: 1 | intent })).closed()).toBe(4014)
  })
})

it('intents that exist are accepted, privileged ones once they are switched on, which the application shows', async () => {
  const discord = await discordWith({ gateway: { privilegedIntents: ['GuildMembers', 'MessageContent'] } })
  await identified(discord, { intents: 0 })
  const standard = 0x1_ff_ff | (0b11 << 20) | (0b11 << 24)
  const { ready } = await identified(discord, { intents: standard & ~guildPresences })
  const flags = (1 << 15) | (1 << 19)
  expect(ready.d['application']).toMatchObject({ flags, flags_new: String(flags) })
  const response = await fetch(`${discord.apiUrl}/v10/applications/@me`, { headers: { authorization: `Bot ${discord.botToken}` } })
  expect(await response.json()).toMatchObject({ flags, flags_new: String(flags) })
  expect(await (await identifying(discord, { intents: guildPresences })).closed()).toBe(4014)
})

it('commands of other kinds are accepted from an identified client', async () => {
  const client = await identified(await discordWith())
  for (const op of [3, 4, 8, 31]) client.send(op, {})
  client.send(1, 2)
  expect(await client.until(11)).toMatchObject({ op: 11 })
})
