import { type Behavior, usualBehavior } from '../behavior.ts'

/** What Runware's own descriptions leave open. */
export interface RunwareBehavior extends Behavior {
  /** Where a failed job is told: in `errors`, in an item of `data`, or as the one `error` of the answer. */
  failureShape: 'errors' | 'data' | 'error'
  /** HTTP status of an answer that tells nothing but failed jobs. */
  failureStatus: 200 | 400
  /** Where a refused task is told. */
  refusalShape: 'errors' | 'error'
  /** HTTP status of an answer that tells nothing but refused tasks: by what is wrong, or always the same. */
  refusalStatus: 'telling' | 200 | 400
  /** What the webhook of a failed job looks like. */
  failureWebhook: 'flat' | 'errors' | 'data'
  /** The code of a refusal for content. */
  moderationCode: string
  /** Whether an accepted task is acknowledged with a status. */
  acknowledgement: 'bare' | 'with-status'
  /** Milliseconds of real time after which a socket is closed that nobody speaks on. */
  socketIdleMs: number
}

export function usualRunwareBehavior(): RunwareBehavior {
  return {
    ...usualBehavior(),
    failureShape: 'errors',
    failureStatus: 200,
    refusalShape: 'errors',
    refusalStatus: 'telling',
    failureWebhook: 'flat',
    moderationCode: 'invalidProviderContent',
    acknowledgement: 'bare',
    socketIdleMs: 120_000,
    // Doubled each time, up to eight seconds.
    webhookRetrySeconds: [1, 2, 4, 8, 8, 8],
  }
}
