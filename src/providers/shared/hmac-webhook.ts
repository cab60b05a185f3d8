import type { z } from 'zod'

import type { WebhookVerifier } from '../provider.ts'
import type { ProviderHttp } from './http.ts'
import { readJson } from './response.ts'
import { WebhookKeys } from './webhook-keys.ts'
import { assertFresh, hmacSha256, isSame, readWebhookBody, requireHeader } from './webhook-signature.ts'

export interface HmacScheme {
  /** Where the account's secret is read. */
  secretUrl: string
  secret: z.ZodType<string>
  /** How the secret's text, without its prefix, becomes the key. */
  keyEncoding: 'base64' | 'utf8'
  /** A signature with its version; of another version it counts for nothing. */
  signature: RegExp
  signatureEncoding: 'base64' | 'hex'
  /** Reads the job's id from the body. */
  jobId: z.ZodType<string>
}

/** Verifies webhooks as Replicate and WaveSpeed send them: the same headers hold HMAC-SHA256 signatures, but keys and encodings differ. */
export function createHmacVerification(http: ProviderHttp, scheme: HmacScheme): WebhookVerifier {
  const { secretUrl: url, secret, keyEncoding, signatureEncoding, jobId } = scheme
  const keys = new WebhookKeys(async (signal) => {
    const text = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(secret) })
    return Buffer.from(text.replace(/^whsec_/, ''), keyEncoding)
  })
  return async (delivery) => {
    const id = requireHeader(delivery.headers, 'webhook-id')
    const timestamp = requireHeader(delivery.headers, 'webhook-timestamp')
    assertFresh(timestamp, delivery.now)
    // Versions and signatures: `v1,first v1,second v2,third`.
    const entries = requireHeader(delivery.headers, 'webhook-signature').split(/\s+/)
    const given = entries.flatMap((entry) => scheme.signature.exec(entry)?.[1] ?? [])
    const text = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), delivery.rawBody])
    await keys.assertFits((key) => {
      const expected = hmacSha256(key, text)
      return given.some((signature) => isSame(Buffer.from(signature, signatureEncoding), expected))
    }, delivery)
    return { operation: { id: readWebhookBody(jobId, delivery.rawBody) }, deliveryId: id }
  }
}
