import { describe, expect, it, onTestFinished } from 'vitest'

import { readConfig, variableNames } from '../../src/config/config.ts'
import { startBot } from '../../src/main.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import { botSettingsFor } from '../support/bot/bot-settings.ts'
import { mp4 } from '../support/media/mp4.ts'
import { finishedCard, testSandbox } from '../support/sandbox/sandbox.ts'
import { startScriptedProvider } from '../support/providers/scripted-provider.ts'
import { sixth } from './sixth/provider.ts'
import { sixthStandIn } from './sixth/stand-in.ts'

/** The registry with one more line. Nothing else in the bot knows of the sixth provider. */
const descriptors = [...providerDescriptors, sixth]

describeProviderContract(sixth, sixthStandIn)

describe('a sixth provider', () => {
  it('is configured by the variables that its descriptor names', () => {
    const environment = { DISCORD_TOKEN: 'a'.repeat(30), SIXTH_KEY: 'k', SIXTH_CONCURRENCY: '7' }
    expect(readConfig({ ...environment, SIXTH_STYLE: 'vivid' }, descriptors).providers).toEqual([
      { id: 'sixth', apiKey: 'k', concurrency: 7, createsPerMinute: 60, options: { SIXTH_STYLE: 'vivid' } },
    ])
    expect(() => readConfig({ ...environment, SIXTH_STYLE: 'loud' }, descriptors)).toThrow('SIXTH_STYLE is plain or vivid')
    expect(() => readConfig(environment, providerDescriptors)).toThrow('No provider key is set')
    const added = ['SIXTH_KEY', 'SIXTH_CONCURRENCY', 'SIXTH_CREATES_PER_MINUTE', 'SIXTH_STYLE']
    expect(variableNames(descriptors).filter((name) => !variableNames(providerDescriptors).includes(name))).toEqual(added)
  })

  it('makes a clip for a member', async () => {
    const sandbox = await testSandbox()
    await sandbox.stopBot()
    await using server = await startScriptedProvider()
    const seconds = 5
    server.on('POST /jobs', { status: 201, json: { id: 'j1' } })
    server.on('GET /jobs/j1', { json: { state: 'running' } }, { json: { state: 'done', url: `${server.origin}/clip.mp4` } })
    server.on('GET /clip.mp4', { bytes: mp4(), headers: { 'content-type': 'video/mp4' } })
    const { environment, origins } = botSettingsFor(sandbox, { environment: { SIXTH_KEY: 'k', PROVIDERS: 'sixth' } })
    const bot = await startBot({
      environment,
      providers: descriptors,
      typicalRunMs: { 5: 200, 10: 400 },
      origins: { ...origins, providers: { ...origins.providers, sixth: { api: server.origin } } },
    })
    onTestFinished(() => bot.stop())

    const card = await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat', duration: seconds, provider: 'sixth' }))
    expect(card.attachments).toHaveLength(1)
    expect(card.text).toContain('sixth · $0.35')
    expect(server.to('POST /jobs').map(({ json }) => json)).toEqual([{ prompt: 'a boat', seconds, shape: '16:9', style: 'plain' }])
    expect(server.to('POST /jobs')[0]?.headers.authorization).toBe('Bearer k')
  })
})
