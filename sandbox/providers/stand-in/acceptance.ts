import type { Call, Refuse } from '../http/call.ts'
import { isFinished, type Job, type JobOrder } from '../jobs/job.ts'
import type { Jobs, SubmitOptions } from '../jobs/jobs.ts'
import type { Behavior } from '../simulation/behavior.ts'
import {
  type AnswerFault,
  answerFaults,
  earlyWebhook,
  type Faults,
  faultsInPrompt,
  jobFaults,
  outputFaults,
  type PlannedFault,
  type WebhookFault,
  webhookFaults,
} from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

export interface AcceptanceContext {
  id: string
  clock: ProviderClock
  behavior: Behavior
  jobs: Jobs
  faults: Faults
  webhooks: Webhooks
}

/** The faults that an accepted order will meet. */
export interface OrderPlan {
  job: ReadonlySet<PlannedFault>
  webhook: ReadonlySet<WebhookFault>
  answerIsLost: boolean
  webhookFirst: boolean
}

export type AcceptanceOptions = Omit<SubmitOptions, 'faults'> & {
  /** The job is created, and fails. */
  fails?: boolean
  /** Called before the job's first webhook. */
  onCreated?: (job: Job) => void
}

/** Creates a job, or responds with the error that the prompt, the pending faults, or the provider's limits require. */
export async function createJob(
  call: Call,
  order: JobOrder,
  context: AcceptanceContext & { refuse: Refuse },
  options: AcceptanceOptions = {},
): Promise<Job | Response> {
  const planned = planOrder(order.prompt, context)
  if ('refusal' in planned) return context.refuse(planned.refusal, call)
  const { plan } = planned
  const job = await acceptOrder(order, options.fails ? { ...plan, job: new Set([...plan.job, 'failed']) } : plan, context, options)
  if (plan.answerIsLost) call.set('answerIsLost', true)
  return job
}

/** Decides whether an order is accepted, and with which faults. */
export function planOrder(prompt: string, context: AcceptanceContext): { refusal: AnswerFault } | { plan: OrderPlan } {
  const { id, faults } = context
  const requested = faultsInPrompt(prompt, id)
  const refusal = answerFaults.find((fault) => requested.has(fault)) ?? limitReached(context)
  if (refusal) return { refusal }
  const pending = faults.take('create', jobFaults)?.kind
  return {
    plan: {
      job: new Set([...jobFaults, ...outputFaults].filter((fault) => requested.has(fault) || fault === pending)),
      webhook: new Set(webhookFaults.filter((fault) => requested.has(fault))),
      answerIsLost: requested.has('lost-answer'),
      webhookFirst: requested.has(earlyWebhook) || faults.take('create', [earlyWebhook]) !== undefined,
    },
  }
}

/** Creates the job. If its webhook is planned to come first, resolves only when that has been delivered. */
export async function acceptOrder(
  order: JobOrder,
  plan: OrderPlan,
  { jobs, webhooks }: AcceptanceContext,
  { onCreated, ...submitOptions }: AcceptanceOptions,
): Promise<Job> {
  const job = jobs.submit(order, { ...submitOptions, faults: plan.job })
  onCreated?.(job)
  webhooks.corrupt(job.id, plan.webhook)
  if (plan.webhookFirst && order.webhookUrl !== undefined) {
    jobs.hurry(job)
    await webhooks.answered(job.id)
  }
  return job
}

function limitReached({ clock, behavior, jobs }: AcceptanceContext): AnswerFault | undefined {
  if (behavior.balanceUsd <= 0) return 'no-credit'
  const list = jobs.list()
  const minuteAgo = clock.now() - 60_000
  const isBusy =
    list.filter((job) => !isFinished(job)).length >= behavior.inFlight ||
    list.filter(({ createdAt }) => createdAt > minuteAgo).length >= behavior.createsPerMinute
  return isBusy ? 'busy' : undefined
}
