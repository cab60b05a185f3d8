import { z } from 'zod'

import { readJson } from '../shared/response.ts'
import type { ProviderHttp } from '../shared/http.ts'
import type { WebhookDelivery, WebhookEvent } from '../provider.ts'
import { WebhookKeys } from '../shared/webhook-keys.ts'
import { hmacSha256, isSame, readSignedMessage, readWebhookBody, signaturesOf } from '../shared/webhook-signature.ts'

/** One secret per account. A short one would let anybody sign. */
const Secret = z.object({ key: z.string().regex(/^whsec_[A-Za-z0-9+/_-]{16,}=*$/) })
const Body = z.object({ id: z.string().min(1) })

/**
 * Verifies Replicate's webhooks: HMAC-SHA256 in base64 with the decoded secret, several signatures in a header. WaveSpeed's headers have the same
 * names and another scheme. Contract: docs/providers.md#replicate
 */
export function createReplicateVerification(http: ProviderHttp, api: string): (delivery: WebhookDelivery) => Promise<WebhookEvent> {
  const keys = new WebhookKeys(async () => {
    const url = `${api}/webhooks/default/secret`
    const { signal } = new AbortController()
    const { key } = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(Secret) })
    return Buffer.from(key.replace(/^whsec_/, ''), 'base64')
  })
  return async (delivery) => {
    const { id, signature, text } = readSignedMessage(delivery)
    const given = signaturesOf('v1', signature).map((encoded) => Buffer.from(encoded, 'base64'))
    await keys.assertFits((key) => {
      const expected = hmacSha256(key, text)
      return given.some((candidate) => isSame(candidate, expected))
    }, delivery)
    const prediction = readWebhookBody(Body, delivery.rawBody)
    return { operation: { id: prediction.id }, deliveryId: id }
  }
}
