import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { isFinished, type Job } from '../jobs/job.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import type { SigningOrder, WebhookForm } from '../webhooks/delivery.ts'
import { resultOf } from './queue.ts'
import { failureOf } from './responses.ts'

/** The id of fal's customer. */
const userId = 'user-sandbox'

/** Hexadecimal Ed25519 over four lines: request, user, seconds since the epoch, and the SHA-256 of the body. */
export function signFalWebhook(
  { requestId, userId, timestamp, rawBody }: { requestId: string; userId: string; timestamp: number; rawBody: string },
  privateKey: KeyObject,
): string {
  const text = [requestId, userId, timestamp, createHash('sha256').update(rawBody).digest('hex')].join('\n')
  return sign(null, Buffer.from(text), privateKey).toString('hex')
}

/** fal's signing keys. Only the last one signs; the others are still published. */
export class FalKeys {
  readonly #keys: readonly KeyObject[] = [newKey(), newKey()]

  /** The response of `/.well-known/jwks.json`. */
  published(): { keys: Record<string, unknown>[] } {
    return { keys: this.#keys.map((key) => ({ ...createPublicKey(key).export({ format: 'jwk' }), use: 'sig', alg: 'EdDSA' })) }
  }

  headersFor({ jobId, timestamp, rawBody, forged }: SigningOrder): Record<string, string> {
    const key = forged ? newKey() : this.#keys.at(-1)
    if (!key) throw new Error('fal has at least one key')
    return {
      'x-fal-webhook-request-id': jobId,
      'x-fal-webhook-user-id': userId,
      'x-fal-webhook-timestamp': String(timestamp),
      'x-fal-webhook-signature': signFalWebhook({ requestId: jobId, userId, timestamp, rawBody }, key),
    }
  }
}

/** One webhook when a job ends: its result under `payload`. */
export function falWebhookForm(keys: FalKeys, outputs: Outputs): WebhookForm {
  return {
    messagesOf: (job) => (isFinished(job) ? [{ event: 'completed', body: bodyOf(job, outputs), retried: true }] : []),
    sign: (order) => ({ headers: keys.headersFor(order) }),
  }
}

function bodyOf(job: Job, outputs: Outputs): Record<string, unknown> {
  const ids = { request_id: job.id, gateway_request_id: job.id }
  if (job.state === 'succeeded' && job.clip) return { ...ids, status: 'OK', payload: resultOf(job.clip, outputs.addressOf(job)) }
  const { body, status } = failureOf(job)
  return { ...ids, status: 'ERROR', error: `Invalid status code: ${status}`, payload: body }
}

function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}
