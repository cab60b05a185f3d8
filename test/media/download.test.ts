import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createDownload, DownloadError, type DownloadOptions } from '../../src/media/download.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { createInstantClock } from '../support/clocks/instant-clock.ts'
import { closedOrigin, type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/providers/scripted-provider.ts'

describe('a download', () => {
  let network: Network
  let provider: ScriptedProvider
  let clock: ReturnType<typeof createInstantClock>
  const bytes = Buffer.from('0123456789'.repeat(100))
  const options: DownloadOptions = { signal: new AbortController().signal, timeoutMs: 30_000, maxBytes: 1000 }
  const signed = (origin: string) => `${origin}/a.png?ex=1&hm=signature`

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    provider = await startScriptedProvider()
    clock = createInstantClock()
  })
  afterEach(async () => {
    await network.close()
    await provider[Symbol.asyncDispose]()
  })

  const download = (url = signed(provider.origin), more: Partial<DownloadOptions> = {}) =>
    createDownload({ network, clock, random: () => 0.5 })(url, { ...options, ...more })

  async function failureOf(call: Promise<unknown>): Promise<DownloadError> {
    const error = await call.then(
      () => expect.unreachable('the download succeeded'),
      (reason: unknown) => reason,
    )
    if (!(error instanceof DownloadError)) throw error
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('signature')
    return error
  }

  it('returns the bytes', async () => {
    provider.on('GET /a.png', { bytes })
    expect(Buffer.from(await download()).equals(bytes)).toBe(true)
    expect(provider.requests[0]?.path).toBe('/a.png?ex=1&hm=signature')
  })

  it('may be exactly as large as allowed, and not a byte larger', async () => {
    provider.on('GET /a.png', { bytes })
    await download(undefined, { maxBytes: 1000 })
    expect(await failureOf(download(undefined, { maxBytes: 999 }))).toMatchObject({ failure: 'too-large' })
    expect(provider.requests).toHaveLength(2)
  })

  it('that declares too many bytes is refused before they are read', async () => {
    provider.on('GET /a.png', { text: '0', headers: { 'content-length': '1001' }, fault: 'stall' })
    expect(await failureOf(download())).toMatchObject({ failure: 'too-large' })
  })

  it('without a declared size ends once it is too large', async () => {
    provider.on('GET /a.png', { bytes, fault: 'stall' })
    expect(await failureOf(download(undefined, { maxBytes: 999 }))).toMatchObject({ failure: 'too-large' })
  })

  it.each<[string, ScriptedAnswer]>([
    ['cut short', { bytes, fault: 'cut' }],
    ['reset', { fault: 'reset' }],
    ['answered by 503', { status: 503 }],
    ['answered by 429', { status: 429 }],
  ])('is tried again when it was %s', async (_, answer) => {
    provider.on('GET /a.png', answer, answer, { bytes })
    expect(await download()).toHaveLength(1000)
    expect(clock.waits).toEqual([300, 600])
    provider.on('GET /a.png', answer)
    await failureOf(download())
    expect(provider.requests).toHaveLength(6)
  })

  it.each([
    ['cut short', { bytes, fault: 'cut' as const }, { failure: 'incomplete' }],
    ['answered by 503', { status: 503 }, { failure: 'refused', httpStatus: 503 }],
  ])('that stays %s says so', async (_, answer, expected) => {
    provider.on('GET /a.png', answer)
    expect(await failureOf(download())).toMatchObject(expected)
  })

  it.each([401, 403, 404, 410, 204, 206])('answered by %i is refused at once', async (status) => {
    provider.on('GET /a.png', { status })
    expect(await failureOf(download())).toMatchObject({ failure: 'refused', httpStatus: status })
    expect(provider.requests).toHaveLength(1)
  })

  it('from a closed port is unreachable', async () => {
    expect(await failureOf(download(signed(await closedOrigin())))).toMatchObject({ failure: 'unreachable' })
  })

  it('that takes too long fails and is not retried', async () => {
    provider.on('GET /a.png', { bytes, fault: 'stall' })
    expect(await failureOf(download(undefined, { timeoutMs: 200 }))).toMatchObject({ failure: 'timeout' })
    // On a busy machine the time is over before the first one arrives.
    expect(provider.requests.length).toBeLessThanOrEqual(1)
  })

  it("rejects with the signal's reason", async () => {
    const controller = new AbortController()
    const reason = new Error('shutting down')
    provider.on('GET /a.png', () => {
      controller.abort(reason)
      return { fault: 'hang' }
    })
    await expect(download(undefined, { signal: controller.signal })).rejects.toBe(reason)
  })

  describe('redirected', () => {
    it('follows, a few times', async () => {
      const to = (location: string) => ({ status: 302, headers: { location } })
      provider.on('GET /a.png', to('/b'))
      provider.on('GET /b', to(`${provider.origin}/c`))
      provider.on('GET /c', to('/d'))
      provider.on('GET /d', { bytes })
      expect(await download()).toHaveLength(1000)
      provider.on('GET /d', to('/a.png'))
      expect(await failureOf(download())).toMatchObject({ failure: 'redirects' })
    })

    it('does not leave the allowed origins', async () => {
      await using elsewhere = await startScriptedProvider()
      provider.on('GET /a.png', { status: 307, headers: { location: `${elsewhere.origin}/x` } })
      expect(await failureOf(download(undefined, { allowedOrigins: [provider.origin] }))).toMatchObject({ failure: 'foreign' })
      expect(elsewhere.requests).toEqual([])
    })

    it.each(['ftp://files.example/x', 'file:///etc/passwd', 'data:text/plain,x'])('does not follow to %s', async (location) => {
      provider.on('GET /a.png', { status: 301, headers: { location } })
      expect(await failureOf(download())).toMatchObject({ failure: 'blocked' })
    })

    it('to nowhere is refused', async () => {
      provider.on('GET /a.png', { status: 302 })
      expect(await failureOf(download())).toMatchObject({ failure: 'refused', httpStatus: 302 })
    })
  })

  it('does not start outside the allowed origins', async () => {
    expect(await failureOf(download(undefined, { allowedOrigins: ['https://cdn.discordapp.com'] }))).toMatchObject({ failure: 'foreign' })
    expect(provider.requests).toEqual([])
  })

  it.each([
    'http://cdn.example/a?hm=signature',
    'https://127.0.0.1/a?hm=signature',
    'https://[::1]/a?hm=signature',
    'not a URL with a signature',
  ])('of the live bot does not fetch %s', async (url) => {
    const live = createNetwork({ allowPrivateAddresses: false })
    expect(await failureOf(createDownload({ network: live })(url, options))).toMatchObject({ failure: 'blocked' })
    await live.close()
  })

  it('of the live bot does not follow a name to loopback', async () => {
    const live = createNetwork({
      allowPrivateAddresses: false,
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    const url = `https://cdn.example:${new URL(provider.origin).port}/a.png?hm=signature`
    expect(await failureOf(createDownload({ network: live })(url, options))).toMatchObject({ failure: 'blocked' })
    await live.close()
  })
})
