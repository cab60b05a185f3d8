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
  /** Eachlabs describes its responses twice, with different fields and states: which of the two they follow. The other providers ignore this. */
  eachlabsDocument: 'model-page' | 'api-reference'
  /**
   * Unknown input fields at fal and Eachlabs. `refused` shows a misspelt one; `dropped`, as the real ones do it, makes a clip without what it
   * asked for. Replicate and WaveSpeed always drop them, Runware refuses them.
   */
  unknownFields: 'refused' | 'dropped'
  /** Virtual seconds before each further delivery attempt of a webhook. */
  webhookRetrySeconds: readonly number[]
  /** Real milliseconds in which a receiver must answer a webhook. */
  webhookTimeoutMs: number
}

/** Of an account that is limited in nothing but its credit. */
export const noLimits = { concurrency: Infinity, inFlight: Infinity, createsPerMinute: Infinity } as const satisfies Partial<Behavior>

export function createBehavior(differences: Partial<Behavior> = {}): Behavior {
  return {
    onCancel: 'cancels',
    billCancelled: false,
    billFailed: false,
    ...noLimits,
    balanceUsd: 100,
    retryAfter: 'none',
    runSeconds: { 5: 160, 10: 250 },
    eachlabsDocument: 'model-page',
    unknownFields: 'refused',
    webhookRetrySeconds: [],
    webhookTimeoutMs: 10_000,
    ...differences,
  }
}
