import { type Client, Events, SlashCommandBuilder } from 'discord.js'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'

import { createDiscordClient, signIn } from '../../../src/discord/gateway/client.ts'
import type { Button, Choice, Command } from '../../../src/discord/interactions/command.ts'
import { createInteractions, type Interactions, type InteractionsOptions } from '../../../src/discord/interactions/handler.ts'
import { createMessages, type Messages } from '../../../src/discord/rest/messages.ts'
import type { ClipService } from '../../../src/generations/model/clip-service-port.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import type { ScriptedDiscord } from '../../support/discord/scripted-discord.ts'
import { startExampleDiscord } from './example-discord.ts'
import { interactionToken } from './example-generation.ts'

export const callback = /\/callback$/
export const ephemeral = 64

export interface InteractionsStage {
  discord: ScriptedDiscord
  client: Client
  messages: Messages
  captured: ReturnType<typeof createCapturedLog>
  interactions: Interactions
  /** The behavior of the command `clap` and the button `stop`. */
  check: () => void
  choices: (typed: string) => Choice[]
  execute: (argument?: string) => Promise<void>
  /** The arguments of the executions so far. */
  executed: (string | undefined)[]
  /** Dispatches the event and resolves once the interactions have drained, that is, the bot is stopping afterwards. */
  send: (payload: object) => Promise<void>
  /** The calls so far, for example `POST callback`. */
  calls: () => string[]
}

const unusedClipService: ClipService = {
  check: () => undefined,
  choices: () => [],
  request: () => Promise.resolve(),
  cancel: () => Promise.resolve(),
}

/** Creates interactions on a scripted Discord before each test. The returned object is filled again for each. */
export function useInteractionsStage({
  outlivesToken,
  ...options
}: Pick<InteractionsOptions, 'admissionLimits' | 'clock'> & Pick<Command, 'outlivesToken'> = {}): InteractionsStage {
  const stage = {} as InteractionsStage

  const clap = {
    data: new SlashCommandBuilder().setName('clap').setDescription('A command'),
    acknowledge: 'defer',
    ...(outlivesToken && { outlivesToken }),
    check: () => stage.check(),
    autocomplete: (interaction) => stage.choices(interaction.options.getFocused()),
    execute: () => stage.execute(),
  } satisfies Command

  const stop = {
    name: 'stop',
    acknowledge: 'update',
    execute: (_interaction, argument) => stage.execute(argument),
  } satisfies Button

  beforeAll(async () => {
    const discord = await startExampleDiscord()
    const { log } = createCapturedLog()
    const client = createDiscordClient({ origins: { discordApi: discord.api }, log, onTokenRejected: () => undefined })
    client.on(Events.InteractionCreate, (interaction) => void stage.interactions.handle(interaction))
    await signIn(client, 'bot-token-of-the-test')
    const clients = openRestClients({ api: discord.api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
    Object.assign(stage, { discord, client, messages: createMessages(clients) })
    return async () => {
      clients.close()
      await client.destroy()
      await discord.close()
    }
  })

  beforeEach(() => {
    stage.discord.calls.length = 0
    const captured = createCapturedLog()
    const behavior: Omit<InteractionsStage, 'discord' | 'client' | 'messages'> = {
      captured,
      interactions: createInteractions({
        commands: [clap],
        buttons: [stop],
        context: { clipService: unusedClipService },
        messages: stage.messages,
        log: captured.log,
        ...options,
      }),
      check: () => undefined,
      choices: () => [],
      execute: (argument) => {
        stage.executed.push(argument)
        return Promise.resolve()
      },
      executed: [],
      async send(payload) {
        const received = new Promise((resolve) => stage.client.once(Events.InteractionCreate, resolve))
        stage.discord.dispatch('INTERACTION_CREATE', payload)
        await received
        await stage.interactions.drain()
      },
      calls: () =>
        stage.discord.calls.map(({ method, path }) => {
          const last = path.split('/').at(-1) ?? ''
          return `${method} ${last === interactionToken ? 'follow-up' : last}`
        }),
    }
    Object.assign(stage, behavior)
  })

  afterEach(() => {
    expect(stage.captured.text()).not.toContain(interactionToken)
  })

  return stage
}
