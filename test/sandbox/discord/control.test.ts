import { beforeEach, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import { imageOf } from './bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

interface Answer {
  interactionId: string
  error?: string
  option?: string
}

async function post(path: string, body: unknown): Promise<{ status: number; answer: Answer }> {
  const form = body instanceof FormData
  const response = await fetch(`${discord.origin}/sandbox/${path}`, {
    method: 'POST',
    ...(form ? { body } : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return { status: response.status, answer: (await response.json()) as Answer }
}

const image = { name: 'boat.png', base64: imageOf(640, 360).toString('base64') }

/** Reads the stream of an interaction as `[event, content]`. */
async function* events(id: string): AsyncGenerator<[string, Record<string, unknown>], undefined> {
  const response = await fetch(`${discord.origin}/sandbox/interactions/${id}/events`)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [event = '', content = ''] = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      yield [event.replace('event: ', ''), JSON.parse(content.replace('data: ', '')) as Record<string, unknown>]
    }
  }
  return undefined
}

describe('the control API', () => {
  it('runs a command, streams every change and presses a button', async () => {
    const { status, answer } = await post('run', { command: 'animate', options: { image, prompt: 'slow push in' } })
    expect(status).toBe(200)
    const stream = events(answer.interactionId)
    const interaction = await bot.received({ id: answer.interactionId })
    const seen: [string, unknown][] = []
    const next = async () => {
      const chunk = await stream.next()
      if (chunk.done) throw new Error('The stream ended')
      const [event, content] = chunk.value
      seen.push([event, content['text'] ?? content['type']])
      return content
    }
    await interaction.callback({ type: 5 })
    await next()
    await next()
    const components = [{ type: 1, components: [{ type: 2, style: 2, custom_id: 'cancel', label: 'Cancel' }] }]
    await bot.call('PATCH', interaction.original, { json: { content: 'rendering', components } })
    expect((await next())['buttons']).toMatchObject([{ customId: 'cancel', label: 'Cancel' }])
    const pressed = await post('press', { interactionId: answer.interactionId, button: 'Cancel' })
    const button = await bot.received({ id: pressed.answer.interactionId })
    expect(button.payload['data']).toMatchObject({ custom_id: 'cancel' })
    await bot.call('POST', interaction.webhook, { json: { content: 'for you', flags: 64 } })
    await next()
    await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content: 'by the bot' } })
    await next()
    await bot.call('DELETE', interaction.original)
    await next()
    expect(seen).toEqual([
      ['acknowledged', 5],
      ['reply', ''],
      ['reply', 'rendering'],
      ['follow-up', 'for you'],
      ['message', 'by the bot'],
      ['reply-deleted', 'rendering'],
    ])
    await stream.return(undefined)
  })

  it.for([
    ['a malformed request', 'run', { options: {} }, 400, 'command'],
    ['what a Discord client refuses', 'run', { command: 'animate', options: { image, prompt: 'x' } }, 400, 'prompt'],
    ['an unknown command', 'run', { command: 'nothing' }, 400, '/nothing'],
    ['a button of an unknown interaction', 'press', { interactionId: '1', button: 'Cancel' }, 400, 'not there'],
    ['an unknown path', 'elsewhere', {}, 404, 'nothing here'],
  ] as const)('refuses %s', async ([, path, body, status, reason]) => {
    const refused = await post(path, body)
    expect(refused.status).toBe(status)
    expect(refused.answer.error).toContain(reason)
  })

  it('answers 503 while no bot is connected', async () => {
    bot.close()
    await using empty = await startLocalDiscord()
    const response = await fetch(`${empty.origin}/sandbox/run`, { method: 'POST', body: JSON.stringify({ command: 'animate' }) })
    expect(response.status).toBe(503)
  })
})
