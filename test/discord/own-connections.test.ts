import { SlashCommandBuilder } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { createDiscord } from '../../src/discord/create-discord.ts'
import type { Command } from '../../src/discord/interactions/command.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { wallClock } from '../../src/lib/clock.ts'
import { createShutdown } from '../../src/lib/shutdown.ts'
import { type AgentOptions, createNetwork, type Network } from '../../src/network/network.ts'
import { createCapturedLog } from '../support/bot/captured-log.ts'
import { temporaryDatabase } from '../support/store/database.ts'
import { reply } from './support/delivery-stage.ts'
import { startExampleDiscord } from './support/example-discord.ts'
import { commandPayload } from './support/interaction-payloads.ts'
import { callback } from './support/interactions-stage.ts'

test('acknowledgements have connections of their own: none waits behind replies, cards and clips', async () => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  const { log } = createCapturedLog()
  const shutdown = createShutdown({ log })
  onTestFinished(() => shutdown.run(new Error('the test is over')))
  const { network, carried } = recordAgents()
  shutdown.own('the network', () => network.close())
  const bot = await createDiscord({
    config: { allowedGuilds: '*', discordToken: 'bot-token-of-the-test', role: 'all', shards: 'auto' },
    origins: { discordApi: discord.api },
    database: await temporaryDatabase(),
    clock: wallClock,
    ...{ network, log, shutdown },
  })
  const refused = {
    data: new SlashCommandBuilder().setName('clap').setDescription('A command'),
    acknowledge: 'defer',
    execute: () => Promise.reject(new Refusal('prompt-empty')),
  } satisfies Command
  const clipService = { check: () => undefined, choices: () => [], request: () => Promise.resolve(), cancel: () => Promise.resolve() }
  bot.answerInteractions({ commands: [refused], buttons: [], context: { clipService } })
  await bot.connect({ bodies: [], register: false })
  discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
  await discord.call('DELETE', reply)
  const acknowledging = carried.find(({ calls }) => calls.some((call) => callback.test(call)))
  expect(acknowledging?.calls.filter((call) => !call.endsWith('/gateway/bot'))).toEqual([expect.stringMatching(callback)])
  expect(acknowledging?.options?.connectionsPerOrigin).toBeGreaterThan(64)
  expect(acknowledging?.options?.keepAliveMs).toBeGreaterThan(4000)
  const others = carried.filter((each) => each !== acknowledging).flatMap(({ calls }) => calls)
  expect(others).toContainEqual(expect.stringMatching(/original$/))
})

/** A network that records what each of its agents carries. */
function recordAgents() {
  const carried: { options: AgentOptions | undefined; calls: string[] }[] = []
  const open = createNetwork({ allowPrivateAddresses: true })
  const network: Network = {
    ...open,
    agent(options) {
      const calls: string[] = []
      carried.push({ options, calls })
      return open.agent(options).compose((dispatch) => (call, handler) => {
        calls.push(call.path.replace(/\?.*/, ''))
        return dispatch(call, handler)
      })
    },
  }
  return { network, carried }
}
