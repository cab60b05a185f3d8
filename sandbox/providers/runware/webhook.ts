import { isFinished } from '../jobs/job.ts'
import { unguessable } from '../http/served-files.ts'
import type { WebhookForm } from '../webhooks/delivery.ts'
import { errorEntry, type TaskOutcome } from './response.ts'
import { resultOf, type ResultContext, type TaskRecord } from './task-record.ts'

/** One webhook for each finished result: the item alone, nothing around it, and no signature; what proves it is what its address holds. */
export function runwareWebhookForm(context: () => ResultContext & { records: ReadonlyMap<string, TaskRecord> }): WebhookForm {
  return {
    messagesOf: (job) => {
      if (!isFinished(job)) return []
      const { records, ...resultContext } = context()
      const record = [...records.values()].find(({ results }) => results.some((result) => result.job === job))
      const result = record?.results.find((each) => each.job === job)
      if (!record || !result) return []
      return [{ event: 'completed', body: bodyOf(resultOf(record, result, resultContext)), retried: true }]
    },
    sign: ({ url, forged }) => ({ headers: {}, url: forged ? withoutSecret(url) : url }),
  }
}

function bodyOf(outcome: TaskOutcome): Record<string, unknown> {
  return outcome.kind === 'item' ? outcome.item : errorEntry(outcome.problem)
}

/** Somebody knows where webhooks go, and has to guess the rest: the last piece of the path, and what the query holds. */
function withoutSecret(address: string): string {
  const url = new URL(address)
  url.pathname = url.pathname.replace(/[^/]+$/, unguessable())
  for (const name of url.searchParams.keys()) url.searchParams.set(name, unguessable())
  return url.href
}
