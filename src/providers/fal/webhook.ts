import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

import { WebhookRejected, type WebhookVerifier } from '../provider.ts'
import type { ProviderHttp } from '../shared/http.ts'
import { readJson } from '../shared/response.ts'
import { WebhookKeys } from '../shared/webhook-keys.ts'
import { assertFresh, readWebhookBody, requireHeader } from '../shared/webhook-signature.ts'
import { KeySet, WebhookBody } from './schemas.ts'

/**
 * Verifies fal's webhooks: Ed25519 over the request id, the account, the time stamp and the hash of the body, with any key of fal's public set.
 * Contract: docs/providers.md#fal
 */
export function createFalVerification(http: ProviderHttp, rest: string): WebhookVerifier {
  const keys = new WebhookKeys(async (signal) => {
    const url = `${rest}/.well-known/jwks.json`
    const set = await http.send({ method: 'GET', url, step: 'follow', credentials: 'none', signal, read: readJson(KeySet) })
    return set.keys.map(({ x }) => importKey(x)).filter((key) => key !== undefined)
  })
  return async (delivery) => {
    const { headers, rawBody, now } = delivery
    const id = requireHeader(headers, 'x-fal-webhook-request-id')
    const account = requireHeader(headers, 'x-fal-webhook-user-id')
    const timestamp = requireHeader(headers, 'x-fal-webhook-timestamp')
    const signature = requireHeader(headers, 'x-fal-webhook-signature')
    assertFresh(timestamp, now)
    if (!/^[0-9a-f]{128}$/i.test(signature)) throw new WebhookRejected('forged')
    const text = Buffer.from([id, account, timestamp, createHash('sha256').update(rawBody).digest('hex')].join('\n'))
    await keys.assertFits((set) => set.some((key) => verify(null, text, key, Buffer.from(signature, 'hex'))), delivery)

    const { request_id: requestId, gateway_request_id: gatewayId } = readWebhookBody(WebhookBody, rawBody)
    // If fal reran the job by itself, the header holds the gateway's id; the job keeps its own.
    if (id !== requestId && id !== gatewayId) throw new WebhookRejected('about two requests')
    return { operation: { id: requestId }, deliveryId: id }
  }
}

/** Undefined for a key that is not Ed25519. */
function importKey(x: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  } catch {
    return undefined
  }
}
