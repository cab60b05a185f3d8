import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { readCommands } from '../../../commands/index.ts'
import { type LocalDiscord, startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type CommandBody, fetchRegistered, findDrift } from '../../../src/discord/interactions/registration.ts'
import { startProcess } from '../../support/bot/process.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { temporaryFolder } from '../../support/store/database.ts'

/** `npm run register` as an operator runs it. */
function register(environment: Record<string, string>, ...words: string[]) {
  return startProcess('start.mjs', ['--register', ...words], { environment, folder: temporaryFolder() }).ended
}

describe('`npm run register` with MODE=sandbox', () => {
  let port: number
  let discord: LocalDiscord
  let bodies: CommandBody[]

  beforeEach(async () => {
    port = await freePort([])
    discord = await startLocalDiscord({ port })
    bodies = (await readCommands()).commands.map(({ data }) => data.toJSON())
    onTestFinished(() => discord.close())
  })

  function registered(guildId?: string) {
    const clients = openRestClients({ api: discord.apiUrl, botToken: discord.botToken, onTokenRejected: () => undefined })
    onTestFinished(() => clients.close())
    return fetchRegistered(clients.brief, { applicationId: discord.applicationId, guildId })
  }

  it('registers every command of this version, which Discord then lists', async () => {
    const { code, output } = await register({ MODE: 'sandbox', SANDBOX_PORT: String(port) })
    expect(output).toBe(`Registered ${bodies.map(({ name }) => `/${name}`).join(', ')} for every server.\n`)
    expect(code).toBe(0)
    expect(findDrift(bodies, await registered())).toEqual([])
    expect(discord.requests.slice(0, 2)).toMatchObject([
      { method: 'GET', path: '/applications/@me', authorization: 'bot', status: 200 },
      { method: 'PUT', path: `/applications/${discord.applicationId}/commands`, authorization: 'bot', status: 200 },
    ])
    expect(discord.responseProblems).toEqual([])
  })

  it('registers in one server, whatever else is set', async () => {
    const settings = { MODE: 'sandbox', SANDBOX_PORT: String(port), DISCORD_TOKEN: 'a-token-of-the-real-discord', FAL_KEY: 'a-key' }
    const { code, output } = await register(settings, '--guild', discord.guild.id)
    expect(output).toContain(`in server ${discord.guild.id}.`)
    expect(code).toBe(0)
    expect(findDrift(bodies, await registered(discord.guild.id))).toEqual([])
    expect(await registered()).toEqual([])
  })

  it('replaces what was registered before', async () => {
    const environment = { MODE: 'sandbox', SANDBOX_PORT: String(port) }
    await register(environment)
    const [first] = await registered()
    await register(environment)
    expect(findDrift(bodies, await registered())).toEqual([])
    expect((await registered())[0]?.id).toBe(first?.id)
  })
})

it('`npm run register` without the sandbox that it is sent to says how to start one', async () => {
  const { code, output } = await register({ MODE: 'sandbox', SANDBOX_PORT: String(await freePort([])) })
  expect(code).toBe(1)
  expect(output).toMatch(/No sandbox is running at http:\/\/127\.0\.0\.1:\d+\. Start it with `npm start` in another terminal\./)
})

it('`npm run register` without a configuration names what is missing, and looks for no sandbox', async () => {
  const { code, output } = await register({})
  expect(code).toBe(1)
  expect(output).toContain('DISCORD_TOKEN is missing')
})
