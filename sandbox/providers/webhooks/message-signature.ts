import { createHmac } from 'node:crypto'

export interface MessageToSign {
  id: string
  /** Seconds since the epoch. */
  timestamp: number
  rawBody: string
}

/** Replicate: the key is base64 after the secret's prefix, the signature base64 with version `v1`. */
export function signWithDecodedKey({ id, timestamp, rawBody }: MessageToSign, secret: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${rawBody}`).digest('base64')}`
}

/** WaveSpeed: the key is the text after the secret's prefix, the signature hexadecimal with version `v3`. */
export function signWithPlainKey({ id, timestamp, rawBody }: MessageToSign, secret: string): string {
  const key = secret.replace(/^whsec_/, '')
  return `v3,${createHmac('sha256', key).update(`${id}.${timestamp}.${rawBody}`).digest('hex')}`
}

/** The three headers that both of them send. A forged signature belongs to another body. */
export function signedHeaders(message: MessageToSign, forged: boolean, sign: (message: MessageToSign) => string): Record<string, string> {
  const { id, timestamp, rawBody } = message
  const signature = sign(forged ? { ...message, rawBody: `${rawBody} ` } : message)
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
}
