import type { ProviderErrorKind } from './provider-error.ts'

/**
 * queued → submitting → rendering → delivering → done; also final: `failed` and `cancelled`. `held` is not final: the provider may have billed the
 * job, so the reservation stays until the provider or the operator decides.
 */
export const generationStates = ['queued', 'submitting', 'rendering', 'delivering', 'done', 'failed', 'cancelled', 'held'] as const
export type GenerationState = (typeof generationStates)[number]

/** Why a generation ended without a clip, or is held. */
export type EndReason =
  | ProviderErrorKind
  | 'cancelled-by-member'
  | 'output-unusable' // the provider served something other than a whole MP4
  | 'render-overdue' // the provider never reported an end
  | 'queue-overdue' // it waited too long in the queue; no provider was asked
  | 'settled-by-operator' // it was held, and the operator decided
  | 'undeliverable' // Discord accepted the clip by no route
  | 'internal' // our own fault

/**
 * `preparing`: nothing billable has left. `sent`: the billable call may have left and its response is not stored. `unknown`: the response was
 * lost. The others are what the provider reported.
 */
export type AttemptState = 'preparing' | 'sent' | 'unknown' | 'accepted' | 'refused' | 'completed' | 'failed' | 'cancelled'
