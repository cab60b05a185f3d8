import type { Job } from '../jobs/job.ts'
import type { Behavior } from '../simulation/behavior.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import type { SigningOrder, WebhookForm } from '../webhooks/delivery.ts'
import { reasonOf } from './responses.ts'

interface WebhookContext {
  outputs: Outputs
  behavior: Behavior
  secretOf: (jobId: string) => string | undefined
}

/** One webhook when a job ends, with statuses of its own (`succeeded`, `failed`); none when it was cancelled. */
export function eachlabsWebhookForm(context: WebhookContext): WebhookForm {
  return {
    messagesOf: (job) =>
      job.state === 'succeeded' || job.state === 'failed' ? [{ event: 'completed', body: bodyOf(job, context), retried: true }] : [],
    sign: (order) => ({ headers: headersFor(order, context) }),
  }
}

function bodyOf(job: Job, { outputs, behavior }: WebhookContext): Record<string, unknown> {
  const isOnModelPage = behavior.eachlabsDocument === 'model-page'
  const ids = isOnModelPage ? { exec_id: job.id } : { exec_id: job.id, flow_id: null }
  if (job.state === 'succeeded') return { ...ids, status: 'succeeded', output: outputs.addressOf(job), error: '' }
  const { message } = reasonOf(job.failure ?? { kind: 'failed' })
  if (isOnModelPage) return { ...ids, status: 'failed', output: '', error: message }
  // The API reference puts the reason into `output` and leaves `error` empty.
  return { ...ids, status: 'failed', output: [{ id: '', status: '', output: '', error: message }], error: '' }
}

function headersFor({ ownerId, forged }: SigningOrder, { secretOf }: WebhookContext): Record<string, string> {
  const secret = secretOf(ownerId)
  if (secret === undefined) return {}
  return { 'x-webhook-secret': forged ? `${secret}-guessed` : secret }
}
