import { isFinished } from '../jobs/job.ts'
import { unguessable } from '../http/served-files.ts'
import type { WebhookForm } from '../webhooks/delivery.ts'
import { errorEntry } from './response.ts'
import { resultOf, type ResultContext, type TaskRecord } from './task-record.ts'

type WebhookContext = ResultContext & { records: ReadonlyMap<string, TaskRecord> }

/** One webhook for each finished result, with that item alone. It has no signature; only a secret in its address proves its origin. */
export function runwareWebhookForm(context: WebhookContext): WebhookForm {
  return {
    messagesOf: (job) => {
      if (!isFinished(job)) return []
      const record = [...context.records.values()].find(({ results }) => results.some((result) => result.job === job))
      const result = record?.results.find((each) => each.job === job)
      if (!record || !result) return []
      const outcome = resultOf(record, result, context)
      return [{ event: 'completed', body: outcome.kind === 'item' ? outcome.item : errorEntry(outcome.problem), retried: true }]
    },
    sign: ({ url, forged }) => ({ headers: {}, url: forged ? withoutSecret(url) : url }),
  }
}

/** The address as an attacker would guess it: with a wrong last path segment and wrong query values. */
function withoutSecret(address: string): string {
  const url = new URL(address)
  url.pathname = url.pathname.replace(/[^/]+$/, unguessable())
  for (const name of url.searchParams.keys()) url.searchParams.set(name, unguessable())
  return url.href
}
