import { isFinished, type Job } from '../jobs/job.ts'
import type { WebhookForm, WebhookMessage } from '../webhooks/delivery.ts'
import { signedHeaders, signWithDecodedKey } from '../webhooks/message-signature.ts'
import type { PredictionRecord } from './prediction.ts'

export interface ReplicateWebhookContext {
  /** `whsec_` and the key as base64; one for the whole account. */
  secret: string
  recordOf: (jobId: string) => PredictionRecord | undefined
  /** The prediction as any call would answer it. */
  show: (record: PredictionRecord) => Record<string, unknown>
}

/** Without a filter, Replicate tells of output and of the end. */
const usualEvents = ['output', 'completed']

/** The prediction itself, at the moments that its creator asked to hear of; only the last is told again when nobody hears it. */
export function replicateWebhookForm({ secret, recordOf, show }: ReplicateWebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      const record = recordOf(job.id)
      if (!record) return []
      const wanted = record.webhookEventsFilter ?? usualEvents
      return eventsOf(job)
        .filter((event) => wanted.includes(event))
        .map((event): WebhookMessage => ({ event, body: show(record), retried: event === 'completed' }))
    },
    sign: ({ deliveryId, timestamp, rawBody, forged }) => {
      const message = { id: `msg_${deliveryId.replaceAll('-', '')}`, timestamp, rawBody }
      const signature = signWithDecodedKey(forged ? { ...message, rawBody: `${rawBody} ` } : message, secret)
      return { headers: signedHeaders(message, signature) }
    },
  }
}

function eventsOf(job: Job): string[] {
  if (job.state === 'running') return ['start']
  if (job.state === 'succeeded') return ['output', 'completed']
  return isFinished(job) ? ['completed'] : []
}
