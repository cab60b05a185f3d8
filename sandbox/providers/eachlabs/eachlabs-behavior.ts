import { type Behavior, usualBehavior } from '../behavior.ts'

/** What Eachlabs' own descriptions leave open, or tell in two ways. */
export interface EachlabsBehavior extends Behavior {
  /** Which headers the key is taken from. */
  keyHeaders: 'both' | 'x-api-key' | 'authorization'
  /** HTTP status of a create call that was accepted. */
  createStatus: 200 | 201
  /** Whether a job that waits is told apart from one that runs. */
  waiting: 'told' | 'untold'
  failedWord: 'error' | 'failed'
  cancelledWord: 'cancelled' | 'canceled'
  /** What the answer to a cancel call says. */
  cancelAnswer: 'cancelled' | 'success'
  /** What a job calls its id when it is asked for. */
  idName: 'id' | 'predictionID'
  /** Where a failed job says why. */
  failureReason: 'output' | 'message' | 'details' | 'error' | 'logs'
  output: 'string' | 'array' | 'object'
  /** The body of an error; `empty` only where something is wrong with the call itself. */
  errorBody: 'message' | 'error' | 'bare' | 'empty'
  /** How a webhook proves where it comes from: by the secret itself, or by a signature made with it. */
  webhookProof: 'echo' | 'signature'
}

export function usualEachlabsBehavior(): EachlabsBehavior {
  return {
    ...usualBehavior(),
    // As for whoever has little money there; with more there is no limit.
    inFlight: 10,
    keyHeaders: 'both',
    createStatus: 200,
    waiting: 'told',
    failedWord: 'error',
    cancelledWord: 'cancelled',
    cancelAnswer: 'cancelled',
    idName: 'id',
    failureReason: 'output',
    output: 'string',
    errorBody: 'error',
    webhookProof: 'echo',
    webhookRetrySeconds: [10, 10],
    webhookTimeoutMs: 30_000,
  }
}
