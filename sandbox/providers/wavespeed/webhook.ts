import type { WebhookForm } from '../webhooks/delivery.ts'
import { signedHeaders, signWithPlainKey } from '../webhooks/message-signature.ts'
import { type TaskContext, taskOf, type TaskRecord } from './task.ts'

export interface WavespeedWebhookContext extends TaskContext {
  secret: string
  records: ReadonlyMap<string, TaskRecord>
}

/** Sends a completed or failed task without the envelope of responses, and with its input. */
export function wavespeedWebhookForm(context: WavespeedWebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      const record = context.records.get(job.id)
      if (!record || (job.state !== 'succeeded' && job.state !== 'failed')) return []
      const task = taskOf(record, context)
      const { inference: executionTime } = task['timings'] as { inference: number }
      return [{ event: 'completed', body: { ...task, input: record.input, executionTime }, retried: true }]
    },
    sign: ({ jobId: id, timestamp, rawBody, forged }) => ({
      headers: signedHeaders({ id, timestamp, rawBody }, forged, (signed) => signWithPlainKey(signed, context.secret)),
    }),
  }
}
