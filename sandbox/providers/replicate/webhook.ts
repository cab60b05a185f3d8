import { isFinished, type Job } from '../jobs/job.ts'
import type { WebhookForm, WebhookMessage } from '../webhooks/delivery.ts'
import { signedHeaders, signWithDecodedKey } from '../webhooks/message-signature.ts'
import { type PredictionContext, predictionOf, type PredictionRecord } from './prediction.ts'

export interface ReplicateWebhookContext extends PredictionContext {
  /** The account's secret: `whsec_` and the key in base64. */
  secret: string
  records: ReadonlyMap<string, PredictionRecord>
}

/** The events that are sent without a filter. */
const defaultEvents = ['output', 'completed']

/** Sends the prediction at the events that its creator selected; only `completed` is retried. */
export function replicateWebhookForm(context: ReplicateWebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      const record = context.records.get(job.id)
      if (!record) return []
      const selected = record.webhookEventsFilter ?? defaultEvents
      return eventsOf(job)
        .filter((event) => selected.includes(event))
        .map((event): WebhookMessage => ({ event, body: predictionOf(record, context), retried: event === 'completed' }))
    },
    sign: ({ deliveryId, timestamp, rawBody, forged }) => {
      const message = { id: `msg_${deliveryId.replaceAll('-', '')}`, timestamp, rawBody }
      return { headers: signedHeaders(message, forged, (signed) => signWithDecodedKey(signed, context.secret)) }
    },
  }
}

function eventsOf(job: Job): string[] {
  if (job.state === 'running') return ['start']
  if (job.state === 'succeeded') return ['output', 'completed']
  return isFinished(job) ? ['completed'] : []
}
