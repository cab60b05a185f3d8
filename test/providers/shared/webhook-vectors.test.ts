import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createNetwork, type Network } from '../../../src/network/network.ts'
import { createFal } from '../../../src/providers/fal/provider.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { createReplicate } from '../../../src/providers/replicate/provider.ts'
import { createWaveSpeed } from '../../../src/providers/wavespeed/provider.ts'
import { type ScriptedProvider, startScriptedProvider } from '../../support/providers/scripted-provider.ts'

/** Signed by other software, so that signing in our tests and verifying cannot be wrong together. */
describe('a known delivery verifies', () => {
  let network: Network
  let server: ScriptedProvider
  const { signal } = new AbortController()
  const now = 1_760_000_000_000
  const verify = (provider: Provider, headers: Record<string, string>, body: string) =>
    provider.verifyWebhook?.({ headers, rawBody: Buffer.from(body), now, signal })

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })

  it('from Replicate', async () => {
    const provider = createReplicate({ apiKey: 'k', origins: { api: server.origin } }, { network })
    server.on('GET /v1/webhooks/default/secret', { json: { key: 'whsec_a2xpbmctZGlzY29yZC1ib3QtdGVzdC1zZWNyZXQtMDE=' } })
    const body = '{"id":"p1","status":"succeeded","output":"https://replicate.delivery/x/out.mp4"}'
    const signature = 'v1,S6aYnpK3P3Zxb+YHLg09hFzznRsCY0wLoafPj1jPd94='
    const headers = { 'webhook-id': 'msg_test_0001', 'webhook-timestamp': '1760000000', 'webhook-signature': signature }
    const expected = { operation: { id: 'p1' }, deliveryId: 'msg_test_0001' }
    expect(await verify(provider, headers, body)).toStrictEqual(expected)
    // Any one of several is enough, wherever it stands; of another version it counts for nothing.
    const others = 'v1,AAAA v2,xxxx v1,'
    expect(await verify(provider, { ...headers, 'webhook-signature': `${others} ${signature}` }, body)).toStrictEqual(expected)
    await expect(verify(provider, { ...headers, 'webhook-signature': signature.replace('v1', 'v2') }, body)).rejects.toThrow('forged')
    await expect(verify(provider, { ...headers, 'webhook-signature': others }, body)).rejects.toThrow('forged')
  })

  it('from WaveSpeed', async () => {
    const provider = createWaveSpeed({ apiKey: 'k', origins: { api: server.origin } }, { network })
    server.on('GET /api/v3/webhook/secret', { json: { code: 200, data: { secret: 'whsec_dGVzdC1zZWNyZXQtZm9yLXdhdmVzcGVlZA==' } } })
    const body = '{"id":"t1","status":"completed","outputs":["https://example.com/v.mp4"],"error":""}'
    const headers = {
      'webhook-id': 't1',
      'webhook-timestamp': '1760000000',
      'webhook-signature': 'v3,6d735f1e9908e4f77c330928cf2d92720dc6d54c927323a406c30a267e7a26b4',
    }
    expect(await verify(provider, headers, body)).toStrictEqual({ operation: { id: 't1' }, deliveryId: 't1' })
  })

  it('from fal', async () => {
    const provider = createFal({ apiKey: 'k', origins: { queue: server.origin, rest: server.origin } }, { network })
    const jwk = { kty: 'OKP', crv: 'Ed25519', use: 'sig', x: '6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw' }
    server.on('GET /.well-known/jwks.json', { json: { keys: [{ kty: 'RSA', n: 'AQAB' }, { ...jwk, x: 'AAAA' }, jwk] } })
    const body =
      '{"request_id":"r1","gateway_request_id":"r1","status":"OK","payload":{"video":{"url":"https://v3.fal.media/files/x.mp4"}}}'
    const headers = {
      'x-fal-webhook-request-id': 'r1',
      'x-fal-webhook-user-id': 'user-1',
      'x-fal-webhook-timestamp': '1760000000',
      'x-fal-webhook-signature':
        '48c52716f078e3e5455ec7a4e4c06a3d218281ede2fdde8e1251fbb94f70ea1363099715c43c09a262fa269de3aaa651cdae232802879d6bcb9e450a244b800c',
    }
    expect(await verify(provider, headers, body)).toStrictEqual({ operation: { id: 'r1' }, deliveryId: 'r1' })
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['nothing', { keys: [] }],
    ['no usable key', { keys: [{ kty: 'RSA' }] }],
  ])('not where fal shows %s', async (_, json) => {
    const provider = createFal({ apiKey: 'k', origins: { queue: server.origin, rest: server.origin } }, { network })
    server.on('GET /.well-known/jwks.json', { json })
    const headers = {
      ...{ 'x-fal-webhook-request-id': 'r1', 'x-fal-webhook-user-id': 'u', 'x-fal-webhook-timestamp': '1760000000' },
      'x-fal-webhook-signature': '00'.repeat(64),
    }
    await expect(verify(provider, headers, '{"request_id":"r1"}')).rejects.toThrow('forged')
  })
})
