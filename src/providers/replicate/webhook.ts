import type { WebhookVerifier } from '../provider.ts'
import type { ProviderHttp } from '../shared/http.ts'
import { readJson } from '../shared/response.ts'
import { WebhookKeys } from '../shared/webhook-keys.ts'
import { hmacSha256, isSame, readSignedMessage, readWebhookBody, signaturesOf } from '../shared/webhook-signature.ts'
import { WebhookBody, WebhookSecret } from './schemas.ts'

/**
 * Verifies Replicate's webhooks: HMAC-SHA256 in base64 with the decoded secret, several signatures in one header. WaveSpeed uses the same header names
 * for a different scheme. Contract: docs/providers.md#replicate
 */
export function createReplicateVerification(http: ProviderHttp, api: string): WebhookVerifier {
  const keys = new WebhookKeys(async () => {
    const url = `${api}/webhooks/default/secret`
    const { signal } = new AbortController()
    const { key } = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(WebhookSecret) })
    return Buffer.from(key.replace(/^whsec_/, ''), 'base64')
  })
  return async (delivery) => {
    const { id, signature, text } = readSignedMessage(delivery)
    const given = signaturesOf('v1', signature).map((encoded) => Buffer.from(encoded, 'base64'))
    await keys.assertFits((key) => {
      const expected = hmacSha256(key, text)
      return given.some((candidate) => isSame(candidate, expected))
    }, delivery)
    const prediction = readWebhookBody(WebhookBody, delivery.rawBody)
    return { operation: { id: prediction.id }, deliveryId: id }
  }
}
