import { type Behavior, usualBehavior } from '../behavior.ts'

/** What Replicate's own descriptions leave open. */
export interface ReplicateBehavior extends Behavior {
  /** HTTP status of a create call that was accepted. */
  createStatus: 200 | 201 | 202
  /** Whether the model's version that runs knows a last frame; an older one refuses the field. */
  knowsEndImage: boolean
  /** Where the answer to too many requests says when to come back: in a field of its own, or in its sentence alone. */
  throttleHint: 'field' | 'sentence'
}

export function usualReplicateBehavior(): ReplicateBehavior {
  return {
    ...usualBehavior(),
    createStatus: 201,
    knowsEndImage: true,
    throttleHint: 'field',
    // The last try is about a minute after the end.
    webhookRetrySeconds: [2, 4, 8, 16, 30],
  }
}
