import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { chanceOf } from '../simulation/chance.ts'
import type { Behavior } from '../simulation/behavior.ts'
import { type Faults, type WebhookFault, webhookFaults } from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Job } from '../jobs/job.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { isLoopback } from '../jobs/image.ts'
import type { DeliveryOutcome, WebhookDelivery, WebhookForm, WebhookMessage } from './delivery.ts'

export interface WebhooksContext {
  providerId: string
  clock: ProviderClock
  behavior: Behavior
  faults: Faults
  jobs: Jobs
  form: WebhookForm
  seed: string
  /** Milliseconds since the epoch in the receiver's time, which signatures are dated with: the providers' own runs ahead of it. */
  receiverNow: () => number
}

/** Older than any receiver should take. */
const staleSeconds = 3600

/** Tells a provider's customers what becomes of their jobs: signs, delivers, tries again by the provider's rule, and keeps a record of it. */
export class Webhooks {
  readonly #context: WebhooksContext
  readonly #deliveries: WebhookDelivery[] = []
  readonly #corrupted = new Map<string, ReadonlySet<WebhookFault>>()
  readonly #events = new EventEmitter<{ change: [] }>().setMaxListeners(0)
  readonly #closed = new AbortController()

  constructor(context: WebhooksContext) {
    this.#context = context
    context.jobs.onChange((job) => {
      for (const message of context.form.messagesOf(job)) {
        this.#notify(job, message).catch((error: unknown) => {
          // What is broken off by the end of all is nobody's failure.
          if (!this.#closed.signal.aborted) throw error
        })
      }
    })
  }

  /** Every attempt, in the order in which they were begun. */
  list(jobId?: string): WebhookDelivery[] {
    return this.#deliveries.filter((delivery) => jobId === undefined || delivery.jobId === jobId)
  }

  /** Resolves as soon as so many attempts of the job (or of all jobs) are over, one way or the other. */
  async answered(jobId?: string, count = 1): Promise<WebhookDelivery[]> {
    for (;;) {
      const over = this.list(jobId).filter(({ outcome }) => outcome !== undefined)
      if (over.length >= count) return over
      await once(this.#events, 'change', { signal: this.#closed.signal })
    }
  }

  /** Every attempt for this job meets these faults. */
  corrupt(jobId: string, faults: ReadonlySet<WebhookFault>): void {
    if (faults.size > 0) this.#corrupted.set(jobId, faults)
  }

  /** Breaks off what is under way; nothing is sent any more. */
  close(): void {
    this.#closed.abort(new Error('the providers were stopped'))
  }

  async #notify(job: Job, { event, body, retried }: WebhookMessage): Promise<void> {
    const { clock, behavior, providerId, seed } = this.#context
    if (job.order.webhookUrl === undefined || this.#closed.signal.aborted) return
    const message = { job, event, text: JSON.stringify(body), url: job.order.webhookUrl, deliveryId: randomUUID() }
    const waits = retried ? behavior.webhookRetrySeconds : []
    for (const [index, seconds] of [0, ...waits].entries()) {
      // Up to a fifth earlier than the rule says, so that not everyone comes back in the same moment.
      const jitter = 1 - 0.2 * chanceOf(`${seed}:${providerId}:${job.id}:${index}`)
      if (index > 0) await clock.sleep(1000 * seconds * jitter, this.#closed.signal)
      if (isAccepted(await this.#attempt(message, index + 1))) return
    }
  }

  async #attempt(message: OutgoingWebhook, attempt: number): Promise<DeliveryOutcome> {
    const { faults } = this.#context
    const corrupted = this.#corrupted.get(message.job.id)
    const fault = faults.take('webhook', webhookFaults)?.kind ?? webhookFaults.find((kind) => corrupted?.has(kind))
    const delivery = this.#compose(message, attempt, fault)
    const outcome = await this.#send(delivery)
    if (fault === 'webhook-twice') await this.#send({ ...delivery, outcome: undefined })
    return outcome
  }

  #compose({ job, event, text, url, deliveryId }: OutgoingWebhook, attempt: number, fault: WebhookFault | undefined): WebhookDelivery {
    const { clock, form, receiverNow } = this.#context
    const spokenOf = fault === 'webhook-of-another-job' ? this.#otherJobThan(job) : job.id
    const body = text.replaceAll(job.id, spokenOf)
    const timestamp = Math.floor(receiverNow() / 1000) - (fault === 'webhook-stale' ? staleSeconds : 0)
    const signed = form.sign({
      deliveryId,
      ownerId: job.id,
      jobId: spokenOf,
      timestamp,
      rawBody: body,
      forged: fault === 'webhook-forged',
      url,
    })
    const headers = { 'content-type': 'application/json', ...signed.headers }
    return { jobId: job.id, event, attempt, url: signed.url ?? url, headers, body, fault, at: clock.timestamp(), outcome: undefined }
  }

  async #send(delivery: WebhookDelivery): Promise<DeliveryOutcome> {
    this.#deliveries.push(delivery)
    this.#events.emit('change')
    delivery.outcome = delivery.fault === 'webhook-lost' ? 'lost' : await this.#post(delivery)
    this.#events.emit('change')
    return delivery.outcome
  }

  async #post({ url, headers, body }: WebhookDelivery): Promise<DeliveryOutcome> {
    // A stand-in never calls anyone outside.
    if (!isLoopback(new URL(url).hostname)) return 'unreachable'
    const late = AbortSignal.timeout(this.#context.behavior.webhookTimeoutMs)
    try {
      const signal = AbortSignal.any([late, this.#closed.signal])
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await response.body?.cancel()
      return response.status
    } catch {
      this.#closed.signal.throwIfAborted()
      return late.aborted ? 'timed-out' : 'unreachable'
    }
  }

  #otherJobThan(job: Job): string {
    return this.#context.jobs.list().find(({ id }) => id !== job.id)?.id ?? randomUUID()
  }
}

interface OutgoingWebhook {
  job: Job
  event: string
  text: string
  url: string
  deliveryId: string
}

function isAccepted(outcome: DeliveryOutcome): boolean {
  return typeof outcome === 'number' && outcome >= 200 && outcome < 300
}
