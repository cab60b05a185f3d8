import { type WebhookDelivery, type WebhookEvent } from '../provider.ts'
import { readWebhookBody } from '../shared/webhook-signature.ts'
import { WebhookBody } from './schemas.ts'

/**
 * Runware signs nothing: that a delivery came to the attempt's own, unguessable URL is the caller's check, and its state is read with `status`.
 * Here it only says which task it is about. Contract: docs/providers.md#runware
 */
export function readRunwareWebhook({ rawBody }: WebhookDelivery): WebhookEvent {
  const { taskUUID, status } = readWebhookBody(WebhookBody, rawBody)
  return { operation: { id: taskUUID }, deliveryId: `${taskUUID}:${status ?? 'error'}` }
}
