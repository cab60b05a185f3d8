/** Where the providers' own descriptions leave it open, or where it differs from day to day; may be changed while jobs run. */
export interface Behavior {
  /**
   * What a cancel call does to a job that is already running (one that still waits is always taken out of the queue, unbilled).
   * `cancels`: the job ends. `cannot`: the provider says that it heard, and the job runs to its end and is billed.
   * `completes-anyway`: the job is done in the same moment; the cancel call comes too late.
   */
  onCancel: 'cancels' | 'cannot' | 'completes-anyway'
  /** Is a job that was cancelled while running billed in full, or not at all? */
  billCancelled: boolean
  /** Is a job that failed while running billed in full, or not at all? */
  billFailed: boolean
  /** Jobs that run at the same time; the others wait in the queue. */
  concurrency: number
  /** Jobs that may wait and run at the same time; a further one is answered as too many requests. */
  inFlight: number
  /** Create calls in a virtual minute; a further one is answered as too many requests. */
  createsPerMinute: number
  /** How the answer to too many requests says when to come back: not at all, in seconds, or as a date. */
  retryAfter: 'untold' | 'seconds' | 'date'
  /** Whose words tell that the content was refused: the provider's own, or those that the model gave to the provider. */
  moderatedBy: 'provider' | 'model'
  /** Virtual seconds that a job takes, before its spread of a fifth to either side. */
  runSeconds: { 5: number; 10: number }
  /** Virtual seconds from the order to the start, where nothing else is in the way. */
  queueSeconds: number
  /** Virtual seconds between one attempt to deliver a webhook and the next; when they are used up, the provider gives up. */
  webhookRetrySeconds: readonly number[]
  /** Milliseconds of real time that whoever gets a webhook has to answer it: the receiver lives in real time, whatever the clock here does. */
  webhookTimeoutMs: number
}

export function usualBehavior(): Behavior {
  return {
    onCancel: 'cancels',
    billCancelled: false,
    billFailed: false,
    concurrency: 20,
    inFlight: Infinity,
    createsPerMinute: Infinity,
    retryAfter: 'untold',
    moderatedBy: 'provider',
    runSeconds: { 5: 160, 10: 250 },
    queueSeconds: 3,
    webhookRetrySeconds: [],
    webhookTimeoutMs: 10_000,
  }
}
