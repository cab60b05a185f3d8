import type { Reservation } from '../../billing/wallets.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import type { EndReason, GenerationState } from '../../domain/generation-state.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { ProviderId } from '../../domain/provider-id.ts'

export { type EndReason, type GenerationState, generationStates } from '../../domain/generation-state.ts'

/** Milliseconds after which Discord ends an interaction's token. */
export const tokenLifetimeMs = 15 * 60_000

/** The interaction to respond to. `token` is a secret: it never reaches a log or an error. */
export interface Reply {
  applicationId: Snowflake
  interactionId: Snowflake
  token: string
  /** Bytes per file that Discord accepts for this interaction. */
  attachmentSizeLimit: number
  /** The member's locale as Discord writes it, for instance `en-US`. */
  locale: string
}

export interface Requester {
  memberId: Snowflake
  guildId: Snowflake
  channelId: Snowflake
  reply: Reply
}

/** One accepted request with its durable state. Times are milliseconds since the epoch. */
export interface Generation extends Requester, Reservation {
  state: GenerationState
  /** The lease that owns the claim; undefined while it is not claimed. */
  owner?: string | undefined
  request: ClipRequest
  /** Where it runs or last ran. While it is queued, the first candidate, which means nothing: see `decidedProvider`. */
  provider: ProviderId
  /** The providers that may still make it, in the order of preference. */
  candidates: readonly ProviderId[]
  createdAt: number
  /** When the provider accepted the job. */
  startedAt?: number | undefined
  /** When it reached `done`, `failed`, `cancelled` or `held`. */
  endedAt?: number | undefined
  cancelRequestedAt?: number | undefined
  /** Who asked first, if anybody did. */
  cancelledBy?: 'requester' | 'moderator' | undefined
  endReason?: EndReason | undefined
  /** Whether the reservation was captured, because the provider billed. */
  captured: boolean
  /** A short code that the log and the member see. */
  reference: string
  /** The message that carries the card, once known. */
  messageId?: Snowflake | undefined
  /** The finished clip at the provider. Signed: never logged. */
  outputUrl?: string | undefined
  /** From then on the provider may no longer serve it. */
  outputExpiresAt?: number | undefined
  /** The provider's own content check flagged the clip. */
  outputFlagged?: boolean | undefined
}

export function isOver(state: GenerationState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}

/** Claimed and not ended. */
export const unfinished: readonly GenerationState[] = ['submitting', 'rendering', 'delivering']

/** The provider that has it, had it last, or is the only one that may make it; undefined while several could. */
export function decidedProvider({ candidates, owner, provider }: Generation): ProviderId | undefined {
  return owner !== undefined || candidates.length === 1 ? provider : undefined
}
