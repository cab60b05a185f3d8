/** Where the hosts' own descriptions leave it open, or where it differs from day to day; may be changed while jobs run. */
export interface Conduct {
  /**
   * What a cancel call does to a job that is already running (one that still waits is always taken out of the queue, unbilled).
   * `cancels`: the job ends. `cannot`: the host says that it heard, and the job runs to its end and is billed.
   * `completes-anyway`: the job is done in the same moment; the cancel call comes too late.
   */
  onCancel: 'cancels' | 'cannot' | 'completes-anyway'
  /** Is a job that was cancelled while running billed in full, or not at all? */
  billCancelled: boolean
  /** Jobs that run at the same time; the others wait in the queue. */
  concurrency: number
  /** Virtual seconds that a job takes, before its spread of a fifth to either side. */
  runSeconds: { 5: number; 10: number }
  /** Virtual seconds from the order to the start, where nothing else is in the way. */
  queueSeconds: number
}

export function usualConduct(): Conduct {
  return { onCancel: 'cancels', billCancelled: false, concurrency: 20, runSeconds: { 5: 160, 10: 250 }, queueSeconds: 3 }
}
