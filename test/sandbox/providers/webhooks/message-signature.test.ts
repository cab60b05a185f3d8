import { createHash, createHmac, createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { validateWebhook } from 'replicate'
import { describe, expect, test } from 'vitest'
import { signFalWebhook } from '../../../../sandbox/providers/fal/webhook.ts'
import { signWithDecodedKey, signWithPlainKey } from '../../../../sandbox/providers/webhooks/message-signature.ts'
import { call } from '../calls.ts'
import { customers, providerNames } from '../customers.ts'
import { startReceiver } from '../receiver.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const timestamp = 1_760_000_000

describe('the signature of a known example', () => {
  test("Replicate's", () => {
    const rawBody = '{"id":"p1","status":"succeeded","output":"https://replicate.delivery/x/out.mp4"}'
    const secret = 'whsec_a2xpbmctZGlzY29yZC1ib3QtdGVzdC1zZWNyZXQtMDE='
    expect(signWithDecodedKey({ id: 'msg_test_0001', timestamp, rawBody }, secret)).toBe('v1,S6aYnpK3P3Zxb+YHLg09hFzznRsCY0wLoafPj1jPd94=')
  })

  test("WaveSpeed's", () => {
    const rawBody = '{"id":"t1","status":"completed","outputs":["https://example.com/v.mp4"],"error":""}'
    const secret = 'whsec_dGVzdC1zZWNyZXQtZm9yLXdhdmVzcGVlZA=='
    expect(signWithPlainKey({ id: 't1', timestamp, rawBody }, secret)).toBe(
      'v3,6d735f1e9908e4f77c330928cf2d92720dc6d54c927323a406c30a267e7a26b4',
    )
  })

  test("fal's", () => {
    const rawBody =
      '{"request_id":"r1","gateway_request_id":"r1","status":"OK","payload":{"video":{"url":"https://v3.fal.media/files/x.mp4"}}}'
    // An Ed25519 key in PKCS#8 is this prefix and its 32 bytes.
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    expect(createPublicKey(key).export({ format: 'jwk' }).x).toBe('6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw')
    expect(signFalWebhook({ requestId: 'r1', userId: 'user-1', timestamp, rawBody }, key)).toBe(
      '48c52716f078e3e5455ec7a4e4c06a3d218281ede2fdde8e1251fbb94f70ea1363099715c43c09a262fa269de3aaa651cdae232802879d6bcb9e450a244b800c',
    )
  })
})

/** Verifies a received webhook as the provider documents it. */
const proofs = {
  fal: async ({ providers: { fal } }, { headers, rawBody }) => {
    const { body } = await call(`${fal.origins.rest}/.well-known/jwks.json`)
    const { keys } = body as { keys: { x: string; kty: string; crv: string }[] }
    expect(keys.length).toBeGreaterThan(1)
    const lines = [
      headers['x-fal-webhook-request-id'],
      headers['x-fal-webhook-user-id'],
      headers['x-fal-webhook-timestamp'],
      createHash('sha256').update(rawBody).digest('hex'),
    ]
    const signature = Buffer.from(String(headers['x-fal-webhook-signature']), 'hex')
    return keys.some(({ kty, crv, x }) =>
      verify(null, Buffer.from(lines.join('\n')), createPublicKey({ key: { kty, crv, x }, format: 'jwk' }), signature),
    )
  },
  replicate: async ({ providers: { replicate } }, { headers, rawBody }) => {
    const answer = await call(`${replicate.origins.api}/v1/webhooks/default/secret`, {
      headers: { authorization: `Bearer ${replicate.apiKey}` },
    })
    return await validateWebhook({
      id: String(headers['webhook-id']),
      timestamp: String(headers['webhook-timestamp']),
      signature: String(headers['webhook-signature']),
      body: rawBody,
      secret: (answer.body as { key: string }).key,
    })
  },
  wavespeed: async ({ providers: { wavespeed } }, { headers, rawBody }) => {
    const answer = await call(`${wavespeed.origins.api}/api/v3/webhook/secret`, {
      headers: { authorization: `Bearer ${wavespeed.apiKey}` },
    })
    const { secret } = (answer.body as { data: { secret: string } }).data
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${rawBody}`
    return headers['webhook-signature'] === `v3,${createHmac('sha256', secret.slice('whsec_'.length)).update(signed).digest('hex')}`
  },
  runware: (_, { path }) => Promise.resolve(path === '/webhooks/token'),
  eachlabs: (_, { headers }) => Promise.resolve(headers['x-webhook-secret'] === 'echo me'),
} satisfies Record<string, Proof>

type Proof = (
  context: ReturnType<typeof withStandIns>,
  received: Awaited<ReturnType<typeof startReceiver>>['received'][number],
) => Promise<boolean>

describe.for(providerNames)('%s', (name) => {
  test('proves the origin of its webhooks', async () => {
    const receiver = await startReceiver()
    await customers[name].submit(context.providers, { webhook: receiver.url })
    const [webhook] = await receiver.reached(1)
    if (!webhook) expect.unreachable('one was received')
    expect(await proofs[name](context, webhook)).toBe(true)
  })

  test('can send a webhook with an invalid proof', async () => {
    const receiver = await startReceiver()
    context.providers[name].faults.add({ kind: 'webhook-forged' })
    await customers[name].submit(context.providers, { webhook: receiver.url })
    const [webhook] = await receiver.reached(1)
    if (!webhook) expect.unreachable('one was received')
    expect(await proofs[name](context, webhook)).toBe(false)
  })
})

test.for(['fal', 'replicate', 'wavespeed'] as const)('%s dates its webhooks in the receiver’s time', async (name) => {
  const { providers } = context
  providers.clock.advance(24 * 3600 * 1000)
  const receiver = await startReceiver()
  const startedAt = Math.floor(Date.now() / 1000)
  await customers[name].submit(providers, { webhook: receiver.url, prompt: 'on time' })
  await customers[name].submit(providers, { webhook: receiver.url, prompt: 'late sandbox:webhook-stale' })
  const webhooks = await receiver.reached(2)
  const [old = NaN, recent = NaN] = webhooks
    .map(({ headers }) => Number(headers['webhook-timestamp'] ?? headers['x-fal-webhook-timestamp']))
    .sort((one, other) => one - other)
  expect(recent).toBeGreaterThanOrEqual(startedAt)
  expect(recent).toBeLessThanOrEqual(Date.now() / 1000)
  expect(recent - old).toBeGreaterThan(300)
  for (const webhook of webhooks) expect(await proofs[name](context, webhook)).toBe(true)
})
