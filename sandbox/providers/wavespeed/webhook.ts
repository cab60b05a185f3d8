import type { WebhookForm } from '../webhooks/delivery.ts'
import { signedHeaders, signWithPlainKey } from '../webhooks/message-signature.ts'
import type { TaskRecord } from './task.ts'

export interface WavespeedWebhookContext {
  secret: string
  recordOf: (jobId: string) => TaskRecord | undefined
  show: (record: TaskRecord) => Record<string, unknown>
}

/** Sends a completed or failed task without the envelope of responses, and with its input. */
export function wavespeedWebhookForm({ secret, recordOf, show }: WavespeedWebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      const record = recordOf(job.id)
      if (!record || (job.state !== 'succeeded' && job.state !== 'failed')) return []
      const task = show(record)
      const { inference: executionTime } = task['timings'] as { inference: number }
      return [{ event: 'completed', body: { ...task, input: record.input, executionTime }, retried: true }]
    },
    sign: ({ jobId: id, timestamp, rawBody, forged }) => ({
      headers: signedHeaders({ id, timestamp, rawBody }, forged, (signed) => signWithPlainKey(signed, secret)),
    }),
  }
}
