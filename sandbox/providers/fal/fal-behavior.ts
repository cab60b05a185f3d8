import { type Behavior, usualBehavior } from '../behavior.ts'

/** What fal's own descriptions leave open. */
export interface FalBehavior extends Behavior {
  /** HTTP status of a status answer while the job is not finished. */
  unfinishedStatus: 200 | 202
  /** Who gives up on a job that takes too long: the model, which only the result tells, or fal, which its status tells as well. */
  timedOut: 'by-model' | 'by-fal'
  /** Whether a cancelled job is told by a webhook. */
  tellsCancelled: boolean
  /** A job that fal ran again on its own is known to the gateway by another id. */
  gatewayRequestId: 'same' | 'other'
  /** A result that could not be written into the webhook has to be fetched. */
  webhookPayload: 'whole' | 'missing'
}

export function usualFalBehavior(): FalBehavior {
  return {
    ...usualBehavior(),
    unfinishedStatus: 202,
    timedOut: 'by-model',
    tellsCancelled: true,
    gatewayRequestId: 'same',
    webhookPayload: 'whole',
    // Ten tries in two hours.
    webhookRetrySeconds: Array.from({ length: 10 }, (_, index) => 7 * 2 ** index),
    webhookTimeoutMs: 15_000,
  }
}
