import type { Client } from 'discord.js'
import { Events, SlashCommandBuilder } from 'discord.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

import { createDiscordClient } from '../../../src/discord/gateway/client.ts'
import type { Button, Choice, Command } from '../../../src/discord/interactions/command.ts'
import type { Interactions } from '../../../src/discord/interactions/handler.ts'
import { createInteractions, InterruptedByRestart } from '../../../src/discord/interactions/handler.ts'
import { Refusal } from '../../../src/domain/refusal.ts'
import type { ClipService } from '../../../src/generations/model/clip-service-port.ts'
import type { ScriptedAnswer, ScriptedDiscord } from '../../support/scripted-discord.ts'
import { refusals, startScriptedDiscord } from '../../support/scripted-discord.ts'

import { createCapturedLog } from '../../support/captured-log.ts'
import { ids, interactionToken } from '../support/example-generation.ts'
import { autocompletePayload, buttonPayload, commandPayload } from '../support/interaction-payloads.ts'

/** What the commands of this test do. */
interface Behavior {
  check: () => void
  choices: (typed: string) => Choice[]
  execute: (argument?: string) => Promise<void>
}

const clap = {
  data: new SlashCommandBuilder().setName('clap').setDescription('A command'),
  acknowledge: 'defer',
  check: () => behavior.check(),
  autocomplete: (interaction) => behavior.choices(interaction.options.getFocused()),
  execute: () => behavior.execute(),
} satisfies Command

const stop = {
  name: 'stop',
  acknowledge: 'update',
  execute: (_interaction, argument) => behavior.execute(argument),
} satisfies Button

/** These commands leave it alone. */
const clipService: ClipService = {
  check: () => undefined,
  choices: () => [],
  request: () => Promise.resolve(),
  cancel: () => Promise.resolve(),
}

const exhausted = { wallet: 'guild', period: 'day', price: 350_000, remaining: 0, resetsAt: 1 } as const

const callback = /\/callback$/
const reply = /\/messages\/@original$/
const followUps = /^\/webhooks\/\d+\/[^/]+$/
const ephemeral = 64

let discord: ScriptedDiscord
let client: Client
let captured: ReturnType<typeof createCapturedLog>
let interactions: Interactions
let behavior: Behavior
let executed: (string | undefined)[]

beforeAll(async () => {
  discord = await startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [] })
  client = createDiscordClient({ origins: { discordApi: discord.api }, log: createCapturedLog().log, onTokenRejected: () => undefined })
  client.on(Events.InteractionCreate, (interaction) => void interactions.handle(interaction))
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login('bot-token-of-the-test')
  await ready
})

afterAll(async () => {
  await client.destroy()
  await discord.close()
})

beforeEach(() => {
  discord.calls.length = 0
  executed = []
  behavior = {
    check: () => undefined,
    choices: () => [],
    execute: (argument) => {
      executed.push(argument)
      return Promise.resolve()
    },
  }
  captured = createCapturedLog()
  interactions = createInteractions({ commands: [clap], buttons: [stop], context: { clipService }, log: captured.log })
})

afterEach(() => {
  expect(captured.text()).not.toContain(interactionToken)
})

/** Sends the event and resolves when the bot is done with it. */
async function send(payload: object): Promise<void> {
  const seen = new Promise((resolve) => client.once(Events.InteractionCreate, resolve))
  discord.dispatch('INTERACTION_CREATE', payload)
  await seen
  await interactions.drain()
}

const calls = () =>
  discord.calls.map(
    ({ method, path }) => `${method} ${path.split('/').at(-1) === interactionToken ? 'follow-up' : (path.split('/').at(-1) ?? '')}`,
  )

describe('a slash command', () => {
  test('is acknowledged in public, then done', async () => {
    await send(commandPayload('clap'))
    const { body, authorization } = await discord.call('POST', callback)
    expect(body).toMatchObject({ type: 5 })
    expect(body['data']).not.toMatchObject({ flags: ephemeral })
    expect(authorization).toBeUndefined()
    expect(executed).toHaveLength(1)
    expect(calls()).toEqual(['POST callback'])
  })

  test('refused by its check: one ephemeral reply and nothing else', async () => {
    behavior.check = () => {
      throw new Refusal('prompt-empty')
    }
    await send(commandPayload('clap'))
    expect((await discord.call('POST', callback)).body).toMatchObject({
      type: 4,
      data: { flags: ephemeral, allowed_mentions: { parse: [] }, content: expect.stringContaining('prompt is empty') as string },
    })
    expect(calls()).toEqual(['POST callback'])
    expect(executed).toEqual([])
    expect(captured.lines).toEqual([])
  })

  test('refused later: the placeholder goes, then an ephemeral follow-up', async () => {
    behavior.execute = () => Promise.reject(new Refusal('budget-exhausted', exhausted))
    await send(commandPayload('clap'))
    expect(calls()).toEqual(['POST callback', 'DELETE @original', 'POST follow-up'])
    expect((await discord.call('POST', followUps)).body).toMatchObject({
      flags: ephemeral,
      content: expect.stringContaining('budget') as string,
    })
    expect(captured.lines).toEqual([])
  })

  test('that fails: one kind message with the reference that the log has', async () => {
    behavior.execute = () => Promise.reject(new TypeError('a secret prompt stands here'))
    await send(commandPayload('clap'))
    const { body } = await discord.call('POST', followUps)
    const reference = /`([0-9a-f]{8})`/.exec(String(body['content']))?.[1]
    expect(body).toMatchObject({ flags: ephemeral })
    expect(JSON.parse(captured.lines[0] ?? '')).toMatchObject({ level: 50, reference, failure: { name: 'TypeError' } })
    expect(captured.text()).not.toContain('secret prompt')
    expect(calls()).toEqual(['POST callback', 'DELETE @original', 'POST follow-up'])
  })

  test('whose check fails is answered in the same words, before any acknowledgement', async () => {
    behavior.check = () => {
      throw new TypeError('broken')
    }
    await send(commandPayload('clap'))
    expect((await discord.call('POST', callback)).body).toMatchObject({ type: 4, data: { flags: ephemeral } })
    expect(executed).toEqual([])
  })

  test.each([
    [refusals.unknownInteraction, 'too late', 10062],
    [refusals.alreadyAcknowledged, 'already acknowledged', 40060],
  ])('acknowledged in vain (%o): says so in the log and does nothing', async (answer, words, code) => {
    discord.answerOnce('POST', callback, answer)
    await send(commandPayload('clap'))
    expect(executed).toEqual([])
    expect(calls()).toEqual(['POST callback'])
    expect(JSON.parse(captured.lines[0] ?? '')).toMatchObject({ msg: expect.stringContaining(words) as string, failure: { code } })
  })

  test.each<[string, ScriptedAnswer]>([
    ['broke off', { status: 200, reset: true }],
    ['met a fault of Discord’s', refusals.unavailable],
  ])('whose acknowledgement %s, but had arrived, is done all the same', async (_case, answer) => {
    discord.answerOnce('POST', callback, answer)
    discord.answerOnce('POST', callback, refusals.alreadyAcknowledged)
    behavior.execute = () => Promise.reject(new Refusal('budget-exhausted', exhausted))
    await send(commandPayload('clap'))
    // The placeholder is known to be there: it goes before the private word.
    expect(calls()).toEqual(['POST callback', 'POST callback', 'DELETE @original', 'POST follow-up'])
    expect(captured.lines).toEqual([])
  })

  test('whose acknowledgement broke off before it arrived is acknowledged by the next try', async () => {
    discord.answerOnce('POST', callback, { status: 200, reset: true })
    await send(commandPayload('clap'))
    expect(executed).toHaveLength(1)
    expect(calls()).toEqual(['POST callback', 'POST callback'])
  })

  test('that comes while the bot is being stopped is turned away in private', async () => {
    await interactions.drain()
    await send(commandPayload('clap'))
    const { body } = await discord.call('POST', callback)
    expect(body).toMatchObject({ type: 4, data: { flags: ephemeral, content: expect.stringContaining('restarting') as string } })
    expect(executed).toEqual([])
  })

  test('that is given up because the bot is being stopped hears so in private, and it is no failure', async () => {
    behavior.execute = () => Promise.reject(new InterruptedByRestart())
    await send(commandPayload('clap'))
    expect(calls()).toEqual(['POST callback', 'DELETE @original', 'POST follow-up'])
    const { body } = await discord.call('POST', followUps)
    expect(body).toMatchObject({ flags: ephemeral, content: expect.stringContaining('restarting') as string })
    expect(captured.lines).toEqual([])
  })

  test('that comes while others are still under way at a stop is waited for, too', async () => {
    const first = Promise.withResolvers<undefined>()
    const begun = Promise.withResolvers<undefined>()
    behavior.execute = () => {
      begun.resolve(undefined)
      return first.promise
    }
    discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
    await begun.promise
    let settled = false
    const settling = interactions.drain().then(() => (settled = true))
    const letGo = discord.hold('POST', callback)
    onTestFinished(letGo)
    const came = new Promise((resolve) => client.once(Events.InteractionCreate, resolve))
    discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
    await came
    await discord.call('POST', callback, 1)
    first.resolve(undefined)
    await new Promise(setImmediate)
    expect(settled).toBe(false)
    letGo()
    await settling
    expect((await discord.call('POST', callback, 1)).body).toMatchObject({ type: 4, data: { flags: ephemeral } })
  })

  test('that cannot even be told of its failure ends in the log', async () => {
    behavior.execute = () => Promise.reject(new Refusal('prompt-empty'))
    discord.answerOnce('DELETE', reply, refusals.invalidWebhookToken)
    discord.answerOnce('POST', followUps, refusals.invalidWebhookToken)
    await send(commandPayload('clap'))
    expect(captured.text()).toContain('the member could not be told')
    expect(captured.text()).toContain('50027')
  })

  test('that this version does not know is answered and logged', async () => {
    await send(commandPayload('gone'))
    expect((await discord.call('POST', callback)).body).toMatchObject({ type: 4, data: { flags: ephemeral } })
    expect(captured.text()).toContain('register the commands anew')
  })
})

describe('an option that is being typed', () => {
  const typing = (typed: string) => autocompletePayload('clap', [{ name: 'provider', type: 3, value: typed, focused: true }])
  const offered = async () => {
    const { body, authorization } = await discord.call('POST', callback)
    expect(authorization).toBeUndefined()
    expect(body).toMatchObject({ type: 8 })
    expect(calls()).toEqual(['POST callback'])
    return (body['data'] as { choices: Choice[] }).choices
  }

  test('is answered at once with what the command offers, and nothing is begun', async () => {
    behavior.choices = (typed) => [{ name: `Provider of ${typed}`, value: typed }]
    await send(typing('fa'))
    expect(await offered()).toEqual([{ name: 'Provider of fa', value: 'fa' }])
    expect(executed).toEqual([])
    expect(captured.lines).toEqual([])
  })

  test('is offered no more than Discord takes', async () => {
    behavior.choices = () => Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: `${index}` }))
    await send(typing(''))
    expect((await offered()).at(-1)).toEqual({ name: '24', value: '24' })
  })

  test('is offered nothing where the command fails, and the log does not tell what was typed', async () => {
    behavior.choices = (typed) => {
      throw new TypeError(`cannot complete ${typed}`)
    }
    await send(typing('a secret wish'))
    expect(await offered()).toEqual([])
    expect(JSON.parse(captured.lines[0] ?? '')).toMatchObject({ level: 50, what: 'clap', failure: { name: 'TypeError' } })
    expect(captured.text()).not.toContain('secret wish')
  })

  test('of a command that this version does not know is offered nothing', async () => {
    await send(autocompletePayload('gone', [{ name: 'provider', type: 3, value: 'x', focused: true }]))
    expect(await offered()).toEqual([])
  })

  test('answered in vain ends in the log, without what was typed', async () => {
    discord.answerOnce('POST', callback, refusals.unknownInteraction)
    await send(typing('a secret wish'))
    expect(calls()).toEqual(['POST callback'])
    expect(captured.lines).toHaveLength(1)
    expect(JSON.parse(captured.lines[0] ?? '')).toMatchObject({ level: 40, failure: { code: 10062 } })
    expect(captured.text()).not.toContain('secret wish')
  })
})

describe('a button', () => {
  test('is acknowledged without a visible change and gets what stands behind its name', async () => {
    await send(buttonPayload('stop:0196a1b2:more'))
    expect((await discord.call('POST', callback)).body).toMatchObject({ type: 6 })
    expect(executed).toEqual(['0196a1b2:more'])
  })

  test('refused: an ephemeral follow-up, and the card stays', async () => {
    behavior.execute = () => Promise.reject(new Refusal('not-your-generation'))
    await send(buttonPayload('stop:0196a1b2'))
    expect(calls()).toEqual(['POST callback', 'POST follow-up'])
    expect((await discord.call('POST', followUps)).body).toMatchObject({ flags: ephemeral })
  })

  test('that this version does not know is answered', async () => {
    await send(buttonPayload('vanished:1'))
    expect((await discord.call('POST', callback)).body).toMatchObject({ type: 4, data: { flags: ephemeral } })
  })
})

test('a void bot token is reported', async () => {
  let rejected = 0
  const stranger = createDiscordClient({ origins: { discordApi: discord.api }, log: captured.log, onTokenRejected: () => rejected++ })
  discord.answerOnce('GET', /gateway/, refusals.unauthorized)
  await expect(stranger.login('wrong')).rejects.toThrow()
  expect(rejected).toBe(1)
  await stranger.destroy()
})
