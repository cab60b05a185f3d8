import type { WebhookDelivery, WebhookEvent } from '../provider.ts'
import { readWebhookBody } from '../shared/webhook-signature.ts'
import { WebhookBody } from './schemas.ts'

/**
 * Runware signs nothing: the caller has checked the attempt's unguessable URL, and the state is read with `status`. The body only names the task.
 * Contract: docs/providers.md#runware
 */
export function readRunwareWebhook({ rawBody }: WebhookDelivery): WebhookEvent {
  const { taskUUID, status } = readWebhookBody(WebhookBody, rawBody)
  return { operation: { id: taskUUID }, deliveryId: `${taskUUID}:${status ?? 'error'}` }
}
