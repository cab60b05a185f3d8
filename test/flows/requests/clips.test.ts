import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { frameOf, inspectClip } from '../../../sandbox/clips/inspect-clip.ts'
import { likenessOf } from '../../sandbox/likeness.ts'
import { testImage } from '../../support/media/test-image.ts'
import { fetchBytes, finishedCard, sha256, testSandbox } from '../../support/sandbox/sandbox.ts'

describe.each(['fal', 'replicate'] as const)('a clip made by %s', (id) => {
  it.each(['film', 'animate'] as const)('/%s ends as a playable MP4 in the reply, paid once', async (command) => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: id } })
    const image = { name: 'stripes.png', bytes: await testImage() }
    const options = { prompt: 'slow push in', duration: 5, ...(command === 'animate' ? { image } : { aspect: '9:16' }) }
    const interaction = await sandbox.discord.member.run(command, options)
    const card = await finishedCard(interaction)

    const [attachment] = card.attachments
    const posted = await fetchBytes(attachment?.url ?? '')
    const facts = await inspectClip(posted)
    expect(facts).toMatchObject({ codec: 'h264', pixelFormat: 'yuv420p' })
    expect(Math.abs(facts.durationSeconds - 5)).toBeLessThanOrEqual(0.1)
    expect(facts.height > facts.width).toBe(command === 'film')
    expect(attachment?.contentType).toBe('video/mp4')
    expect(card.text).toContain('slow push in')
    expect(card.text).toContain(`<@${sandbox.discord.member.id}>`)
    expect(card.text).toContain('5s')
    expect(card.text).toContain(id === 'fal' ? 'fal.ai · $0.35' : 'Replicate · $0.35')
    expect(card.text).toContain('AI-generated')
    expect(card.mentions).toEqual([])

    if (command === 'animate') {
      const first = await frameOf(posted, 'first')
      expect(await likenessOf(image.bytes, first)).toBeGreaterThanOrEqual(0.8)
      expect(await likenessOf(await testImage({ seed: 6 }), first)).toBeLessThan(0.5)
      expect(await likenessOf(first, await frameOf(posted, 'last'))).toBeLessThan(0.95)
    }

    // Discord serves, byte for byte, what the provider served.
    const [job] = sandbox.providers[id].jobs.list()
    expect(sha256(posted)).toBe(sha256(job?.clip ?? new Uint8Array()))
    expect(sandbox.providers[id].requests.list().filter(({ route }) => route === 'create')).toHaveLength(1)

    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
    expect(sandbox.discord.responseProblems).toEqual([])
  })
})

describe('the reconciliation', () => {
  it('fails if a provider bills one cent more than it reports', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    sandbox.providers.fal.prices.microUsdPerClip = 10_000
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a lighthouse' }))
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 360_000, equal: false })
  })
})

describe('the request to a provider', () => {
  it('contains what the member typed, in the provider’s fields', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    const options = { prompt: 'a lighthouse', aspect: '1:1', duration: 10, negative: 'rain', guidance: 0.25 }
    await finishedCard(await sandbox.discord.member.run('film', options))
    const create = sandbox.providers.fal.requests.list().find(({ route }) => route === 'create')
    expect(create?.body).toEqual({ prompt: 'a lighthouse', aspect_ratio: '1:1', duration: '10', negative_prompt: 'rain', cfg_scale: 0.25 })
  })

  it('names the image in the provider’s own storage, never Discord’s link', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate' } })
    const bytes = await testImage({ type: 'jpeg' })
    await finishedCard(await sandbox.discord.member.run('animate', { image: { name: 'a.jpg', bytes }, prompt: 'it moves' }))
    const create = sandbox.providers.replicate.requests.list().find(({ route }) => route === 'create')
    expect(JSON.stringify(create?.body)).not.toContain(sandbox.discord.origin)
    expect(JSON.stringify(create?.body)).toContain(sandbox.providers.replicate.origins.api)
  })
})

describe('what the bot logs', () => {
  it('holds no prompt, no token, no key and no link', async () => {
    const sandbox = await testSandbox()
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'an unmistakable walrus' }))
    const interactionToken = sandbox.discord.requests.find(({ path }) => path.includes('/callback'))
    expect(interactionToken).toBeDefined()
    await sandbox.stopBot()
    const log = sandbox.logLines.join('')
    expect(log).toContain('clip posted')
    for (const secret of [
      'walrus',
      sandbox.discord.botToken,
      sandbox.providers.fal.apiKey,
      sandbox.providers.replicate.apiKey,
      sandbox.providers.fal.origins.media,
    ]) {
      expect(log).not.toContain(secret)
    }
  })
})
