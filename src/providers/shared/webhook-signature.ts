import { createHmac, timingSafeEqual } from 'node:crypto'

import type { z } from 'zod'

import { parseJson } from '../../lib/parse-json.ts'
import { type WebhookDelivery, WebhookRejected } from '../provider.ts'

/** A delivery whose time stamp is further away than this is refused, even if its signature is valid. */
const toleranceMs = 300_000

export function requireHeader(headers: WebhookDelivery['headers'], name: string): string {
  const value = headers[name]
  if (!value) throw new WebhookRejected(`without ${name}`)
  return value
}

/** @param timestamp seconds since the epoch, as in the header */
export function assertFresh(timestamp: string, now: number): void {
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1000) > toleranceMs) throw new WebhookRejected('stale')
}

export function hmacSha256(key: Uint8Array, text: Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Constant time for equal lengths; the length itself is no secret. */
export function isSame(given: Uint8Array, expected: Uint8Array): boolean {
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

/** Reads a body whose signature was verified before. @throws {WebhookRejected} */
export function readWebhookBody<T>(schema: z.ZodType<T>, rawBody: Uint8Array): T {
  const parsed = schema.safeParse(parseJson(Buffer.from(rawBody).toString('utf8')))
  if (!parsed.success) throw new WebhookRejected('unreadable')
  return parsed.data
}
