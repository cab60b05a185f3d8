import { createHmac } from 'node:crypto'

export interface MessageToSign {
  id: string
  /** Seconds since the epoch. */
  timestamp: number
  rawBody: string
}

/** As Replicate signs: the secret after its prefix is base64, the signature is base64, its version `v1`. */
export function signWithDecodedKey({ id, timestamp, rawBody }: MessageToSign, secret: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${rawBody}`).digest('base64')}`
}

/** As WaveSpeed signs: the secret after its prefix is the key as it stands, the signature is hexadecimal, its version `v3`. */
export function signWithPlainKey({ id, timestamp, rawBody }: MessageToSign, secret: string): string {
  const key = secret.replace(/^whsec_/, '')
  return `v3,${createHmac('sha256', key).update(`${id}.${timestamp}.${rawBody}`).digest('hex')}`
}

/** The three headers that both of them send. */
export function signedHeaders({ id, timestamp }: MessageToSign, signature: string): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
}
