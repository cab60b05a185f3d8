import type { WebhookVerifier } from '../provider.ts'
import type { ProviderHttp } from '../shared/http.ts'
import { readJson } from '../shared/response.ts'
import { WebhookKeys } from '../shared/webhook-keys.ts'
import { hmacSha256, isSame, readSignedMessage, readWebhookBody, signaturesOf } from '../shared/webhook-signature.ts'
import { WebhookBody, WebhookSecret } from './schemas.ts'

/**
 * Verifies WaveSpeed's webhooks: HMAC-SHA256 in hexadecimal; the key is the secret's text as it is, not decoded. Replicate uses the same header names
 * for a different scheme. Contract: docs/providers.md#wavespeed
 */
export function createWaveSpeedVerification(http: ProviderHttp, api: string): WebhookVerifier {
  const keys = new WebhookKeys(async () => {
    const url = `${api}/webhook/secret`
    const { signal } = new AbortController()
    const secret = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(WebhookSecret) })
    return Buffer.from(secret.replace(/^whsec_/, ''))
  })
  return async (delivery) => {
    const { id, signature, text } = readSignedMessage(delivery)
    const given = signaturesOf('v3', signature)
      .filter((encoded) => /^[0-9a-f]{64}$/i.test(encoded))
      .map((encoded) => Buffer.from(encoded, 'hex'))
    await keys.assertFits((key) => {
      const expected = hmacSha256(key, text)
      return given.some((candidate) => isSame(candidate, expected))
    }, delivery)
    return { operation: { id: readWebhookBody(WebhookBody, delivery.rawBody) }, deliveryId: id }
  }
}
