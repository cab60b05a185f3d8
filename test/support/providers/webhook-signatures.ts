import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'

/** One delivery: its id, and when it is sent in milliseconds since the epoch. */
export interface Sent {
  id: string
  at: number
}

const seconds = (at: number) => String(Math.floor(at / 1000))

/** As Replicate signs: HMAC in base64, the key is what the secret encodes. */
export function signLikeReplicate(secret: string, body: string, { id, at }: Sent): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key)
    .update(`${id}.${seconds(at)}.${body}`)
    .digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': seconds(at), 'webhook-signature': `v1,${signature}` }
}

/** As WaveSpeed signs: HMAC in hexadecimal, the key is the secret's text. */
export function signLikeWaveSpeed(secret: string, body: string, { id, at }: Sent): Record<string, string> {
  const signature = createHmac('sha256', secret.slice('whsec_'.length))
    .update(`${id}.${seconds(at)}.${body}`)
    .digest('hex')
  return { 'webhook-id': id, 'webhook-timestamp': seconds(at), 'webhook-signature': `v3,${signature}` }
}

/** The private key that grows from a seed of 32 equal bytes. */
export function ed25519Key(seedByte: number): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  return createPrivateKey({ key: Buffer.concat([prefix, Buffer.alloc(32, seedByte)]), format: 'der', type: 'pkcs8' })
}

/** The public half as a JWK has it. */
export function publicX(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).x ?? ''
}

/** As fal signs: Ed25519 over four lines. */
export function signLikeFal(key: KeyObject, body: string, { id, at }: Sent, userId = 'user-1'): Record<string, string> {
  const hash = createHash('sha256').update(body).digest('hex')
  const signature = sign(null, Buffer.from([id, userId, seconds(at), hash].join('\n')), key).toString('hex')
  return {
    'x-fal-webhook-request-id': id,
    'x-fal-webhook-user-id': userId,
    'x-fal-webhook-timestamp': seconds(at),
    'x-fal-webhook-signature': signature,
  }
}
