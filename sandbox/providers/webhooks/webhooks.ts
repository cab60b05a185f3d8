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
  /** The receiver's time, in milliseconds since the epoch, which dates signatures: virtual time runs ahead of it. */
  receiverNow: () => number
}

/** Older than any receiver should accept. */
const staleSeconds = 3600

/** The webhooks of one provider: signs, delivers, retries by the provider's schedule, and records each attempt. */
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
          // Deliveries aborted by `close` are not failures.
          if (!this.#closed.signal.aborted) throw error
        })
      }
    })
  }

  /** Every attempt, in the order of their starts. */
  list(jobId?: string): WebhookDelivery[] {
    return this.#deliveries.filter((delivery) => jobId === undefined || delivery.jobId === jobId)
  }

  /** Resolves once this many attempts for the job (or for all jobs) have an outcome. */
  async answered(jobId?: string, count = 1): Promise<WebhookDelivery[]> {
    for (;;) {
      const finished = this.list(jobId).filter(({ outcome }) => outcome !== undefined)
      if (finished.length >= count) return finished
      await once(this.#events, 'change', { signal: this.#closed.signal })
    }
  }

  /** Applies these faults to every attempt for this job. */
  corrupt(jobId: string, faults: ReadonlySet<WebhookFault>): void {
    if (faults.size > 0) this.#corrupted.set(jobId, faults)
  }

  /** Aborts deliveries in progress and sends no more. */
  close(): void {
    this.#closed.abort(new Error('the providers were stopped'))
  }

  async #notify(job: Job, { event, body, retried }: WebhookMessage): Promise<void> {
    const { clock, behavior, providerId, seed } = this.#context
    if (job.order.webhookUrl === undefined || this.#closed.signal.aborted) return
    const message = { job, event, text: JSON.stringify(body), url: job.order.webhookUrl, deliveryId: randomUUID() }
    const delays = retried ? behavior.webhookRetrySeconds : []
    for (const [index, seconds] of [0, ...delays].entries()) {
      // Up to a fifth early, so that retries do not coincide.
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
    const namedId = fault === 'webhook-of-another-job' ? this.#otherJobThan(job) : job.id
    const body = text.replaceAll(job.id, namedId)
    const timestamp = Math.floor(receiverNow() / 1000) - (fault === 'webhook-stale' ? staleSeconds : 0)
    const forged = fault === 'webhook-forged'
    const signed = form.sign({ deliveryId, ownerId: job.id, jobId: namedId, timestamp, rawBody: body, forged, url })
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
    // A stand-in never sends requests to other machines.
    if (!isLoopback(new URL(url).hostname)) return 'unreachable'
    const timeout = AbortSignal.timeout(this.#context.behavior.webhookTimeoutMs)
    try {
      const signal = AbortSignal.any([timeout, this.#closed.signal])
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await response.body?.cancel()
      return response.status
    } catch {
      this.#closed.signal.throwIfAborted()
      return timeout.aborted ? 'timed-out' : 'unreachable'
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
