import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'

const day = 24 * 60 * 60 * 1000

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

async function postFile() {
  const { body } = await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, {
    files: { 'files[0]': { name: 'a.txt', bytes: Buffer.from('hello') } },
  })
  const [attachment] = body['attachments'] as { url: string }[]
  return { id: body['id'] as string, url: attachment?.url ?? '' }
}

describe('the CDN', () => {
  it('serves a signed URL for a day; a later payload has a fresh one', async () => {
    const { id, url } = await postFile()
    expect(url).toMatch(new RegExp(`^${discord.cdnOrigin}/attachments/\\d+/\\d+/a\\.txt\\?ex=[0-9a-f]+&is=[0-9a-f]+&hm=[0-9a-f]{64}&$`))
    expect(await (await fetch(url)).text()).toBe('hello')
    discord.clock.advance(day - 60_000)
    expect((await fetch(url)).status).toBe(200)
    discord.clock.advance(60_000)
    expect((await fetch(url)).status).toBe(404)
    const again = await bot.call('GET', `/channels/${discord.guild.channel.id}/messages/${id}`)
    const [fresh] = again.body['attachments'] as { url: string }[]
    expect((await fetch(fresh?.url ?? '')).status).toBe(200)
  })

  it.each([
    ['without a signature', (url: URL) => void (url.search = '')],
    ['with a later expiry', (url: URL) => url.searchParams.set('ex', 'ffffffff')],
    ['with another signature', (url: URL) => url.searchParams.set('hm', '0'.repeat(64))],
    ['of another file', (url: URL) => void (url.pathname = url.pathname.replace('a.txt', 'b.txt'))],
  ])('refuses a URL %s', async (_name, change) => {
    const url = new URL((await postFile()).url)
    change(url)
    expect((await fetch(url)).status).toBe(404)
  })

  it('answers HEAD with the size and no bytes', async () => {
    const response = await fetch((await postFile()).url, { method: 'HEAD' })
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['5', ''])
  })

  it('keeps uploads of members and files of ephemeral messages under ephemeral-attachments', async () => {
    const { payload, original, callback } = await bot.receive(discord.member)
    const { resolved } = payload['data'] as { resolved: { attachments: Record<string, { url: string; ephemeral: boolean }> } }
    const [uploaded] = Object.values(resolved.attachments)
    expect(uploaded).toMatchObject({ ephemeral: true, url: expect.stringContaining('/ephemeral-attachments/') as string })
    expect((await fetch(uploaded?.url ?? '')).status).toBe(200)
    await callback({ type: 5, data: { flags: 64 } })
    const { body } = await bot.call('PATCH', original, {
      json: { attachments: [{ id: '0' }] },
      files: { 'files[0]': { name: 'a.txt', bytes: Buffer.from('x') } },
    })
    expect(body['attachments']).toMatchObject([{ ephemeral: true }])
  })
})
