import type { WebhookForm } from '../webhooks/delivery.ts'
import { signedHeaders, signWithPlainKey } from '../webhooks/message-signature.ts'
import { type TaskContext, type TaskRecord, taskOf } from './task.ts'

export interface WavespeedWebhookContext {
  secret: string
  recordOf: (jobId: string) => TaskRecord | undefined
  taskContext: () => TaskContext
}

/** The task without the envelope that its result comes in, with its input beside it; when it is completed and when it failed. */
export function wavespeedWebhookForm({ secret, recordOf, taskContext }: WavespeedWebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      const record = recordOf(job.id)
      if (!record || (job.state !== 'succeeded' && job.state !== 'failed')) return []
      const task = taskOf(record, taskContext())
      const { inference: executionTime } = task['timings'] as { inference: number }
      return [{ event: 'completed', body: { ...task, input: record.input, executionTime }, retried: true }]
    },
    sign: ({ jobId, timestamp, rawBody, forged }) => {
      const message = { id: jobId, timestamp, rawBody }
      return { headers: signedHeaders(message, signWithPlainKey(forged ? { ...message, rawBody: `${rawBody} ` } : message, secret)) }
    },
  }
}
