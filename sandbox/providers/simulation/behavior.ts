/** How a stand-in behaves where providers differ or their documentation is silent. Every field can be changed while jobs run. */
export interface Behavior {
  /**
   * The effect of a cancel call on a running job (a queued job is always removed, unbilled). `cancels`: the job ends. `cannot`: the provider
   * accepts the call, but the job finishes and is billed. `completes-anyway`: the job finishes at that moment, so the call comes too late.
   */
  onCancel: 'cancels' | 'cannot' | 'completes-anyway'
  /** Whether a job that was cancelled while running is billed in full. */
  billCancelled: boolean
  /** Whether a job that failed while running is billed in full. */
  billFailed: boolean
  /** Jobs that run at the same time; the others wait in the queue. */
  concurrency: number
  /** Jobs that may be queued or running; the next create call gets 429. */
  inFlight: number
  /** Create calls per virtual minute; the next one gets 429. */
  createsPerMinute: number
  /** How a 429 says when to retry. */
  retryAfter: 'none' | 'seconds' | 'date'
  /** Virtual seconds that a job runs, by its duration, before a random spread of 20 % either way. */
  runSeconds: { 5: number; 10: number }
  /** Virtual seconds between two delivery attempts of one webhook; after the last one the provider gives up. */
  webhookRetrySeconds: readonly number[]
  /** Real milliseconds that a receiver has to answer a webhook. */
  webhookTimeoutMs: number
}

export function createBehavior(differences: Partial<Behavior> = {}): Behavior {
  return {
    onCancel: 'cancels',
    billCancelled: false,
    billFailed: false,
    concurrency: 20,
    inFlight: Infinity,
    createsPerMinute: Infinity,
    retryAfter: 'none',
    runSeconds: { 5: 160, 10: 250 },
    webhookRetrySeconds: [],
    webhookTimeoutMs: 10_000,
    ...differences,
  }
}
