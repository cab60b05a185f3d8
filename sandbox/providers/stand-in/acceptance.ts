import type { Behavior } from '../simulation/behavior.ts'
import {
  type AnswerFault,
  answerFaults,
  earlyWebhook,
  type Faults,
  faultsInPrompt,
  type PlannedFault,
  jobFaults,
  webhookFaults,
} from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import { isFinished, type Job, type JobOrder } from '../jobs/job.ts'
import type { Jobs, SubmitOptions } from '../jobs/jobs.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

export interface AcceptanceContext {
  providerId: string
  clock: ProviderClock
  behavior: Behavior
  jobs: Jobs
  faults: Faults
  webhooks: Webhooks
}

/** What is to become of an order. */
export interface OrderPlan {
  job: ReadonlySet<PlannedFault>
  webhook: ReadonlySet<(typeof webhookFaults)[number]>
  answerIsLost: boolean
  webhookFirst: boolean
}

/** What the prompt, what was ordered to go wrong, and the provider's limits make of an order; the provider refuses it or accepts it with its plan. */
export function planOrder(prompt: string, context: AcceptanceContext): { refusal: AnswerFault } | { plan: OrderPlan } {
  const { providerId, faults } = context
  const asked = faultsInPrompt(prompt, providerId)
  const refusal = answerFaults.find((fault) => asked.has(fault)) ?? (isOverLimits(context) ? 'busy' : undefined)
  if (refusal) return { refusal }
  const ordered = faults.take('create', jobFaults)?.kind
  return {
    plan: {
      job: new Set([...jobFaults, 'output-gone' as const].filter((fault) => asked.has(fault) || fault === ordered)),
      webhook: new Set(webhookFaults.filter((fault) => asked.has(fault))),
      answerIsLost: asked.has('lost-answer'),
      webhookFirst: asked.has(earlyWebhook) || faults.take('create', [earlyWebhook]) !== undefined,
    },
  }
}

/** Makes the job; when its webhook is to come first, resolves only after whoever gets it has answered. */
export async function acceptOrder(
  order: JobOrder,
  plan: OrderPlan,
  { jobs, webhooks }: Pick<AcceptanceContext, 'jobs' | 'webhooks'>,
  options: Omit<SubmitOptions, 'faults'> & { made?: (job: Job) => void } = {},
): Promise<Job> {
  const { made, ...submitOptions } = options
  const job = jobs.submit(order, { ...submitOptions, faults: plan.job })
  made?.(job)
  webhooks.corrupt(job.id, plan.webhook)
  if (plan.webhookFirst && order.webhookUrl !== undefined) {
    jobs.hurry(job)
    await webhooks.answered(job.id)
  }
  return job
}

function isOverLimits({ clock, behavior, jobs }: AcceptanceContext): boolean {
  const list = jobs.list()
  const minuteAgo = clock.now() - 60_000
  return (
    list.filter((job) => !isFinished(job)).length >= behavior.inFlight ||
    list.filter(({ createdAt }) => createdAt > minuteAgo).length >= behavior.createsPerMinute
  )
}
