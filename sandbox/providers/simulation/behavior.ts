/** How a stand-in behaves where providers differ or do not document it. Every field can be changed while jobs run. */
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
  /** Jobs that run at the same time; others are queued. */
  concurrency: number
  /** Jobs that may be queued or running; further create calls get 429. */
  inFlight: number
  /** The account's credit, as providers that show it show it. Without credit every create call is refused. */
  balanceUsd: number
  /** Create calls per virtual minute; further ones get 429. */
  createsPerMinute: number
  /** The form of `Retry-After` in a 429. */
  retryAfter: 'none' | 'seconds' | 'date'
  /** Virtual seconds that a job runs, by clip duration, before a random spread of 20 % either way. */
  runSeconds: { 5: number; 10: number }
  /** Virtual seconds before each further delivery attempt of a webhook. */
  webhookRetrySeconds: readonly number[]
  /** Real milliseconds in which a receiver must answer a webhook. */
  webhookTimeoutMs: number
}

export function createBehavior(differences: Partial<Behavior> = {}): Behavior {
  return {
    onCancel: 'cancels',
    billCancelled: false,
    billFailed: false,
    concurrency: 20,
    inFlight: Infinity,
    balanceUsd: 100,
    createsPerMinute: Infinity,
    retryAfter: 'none',
    runSeconds: { 5: 160, 10: 250 },
    webhookRetrySeconds: [],
    webhookTimeoutMs: 10_000,
    ...differences,
  }
}
