import type { Job } from '../jobs/job.ts'
import type { SigningOrder, WebhookForm } from '../webhooks/delivery.ts'
import { reasonOf } from './responses.ts'
import { type PredictionContext, type PredictionRecord } from './prediction.ts'

type WebhookContext = Pick<PredictionContext, 'addressOf'> & { recordOf: (jobId: string) => PredictionRecord | undefined }

/** One webhook when a job is over, in words of its own (`succeeded`, `failed`); none when it was cancelled. */
export function eachlabsWebhookForm(context: WebhookContext): WebhookForm {
  return {
    messagesOf: (job) =>
      job.state === 'succeeded' || job.state === 'failed' ? [{ event: 'completed', body: bodyOf(job, context), retried: true }] : [],
    sign: (order) => ({ headers: headersFor(order, context) }),
  }
}

function bodyOf(job: Job, context: WebhookContext): Record<string, unknown> {
  const ids = { exec_id: job.id, flow_id: null }
  if (job.state === 'succeeded') return { ...ids, status: 'succeeded', output: context.addressOf(job), error: '' }
  // The reason stands in the output; the field that is named for it stays empty.
  const { message } = reasonOf(job.failure ?? { kind: 'failed' })
  return { ...ids, status: 'failed', output: [{ id: '', status: '', output: '', error: message }], error: '' }
}

function headersFor({ ownerId, forged }: SigningOrder, { recordOf }: WebhookContext): Record<string, string> {
  const secret = recordOf(ownerId)?.webhookSecret
  if (secret === undefined) return {}
  return { 'x-webhook-secret': forged ? `${secret}-guessed` : secret }
}
