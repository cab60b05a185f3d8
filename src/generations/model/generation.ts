import type { ClipRequest } from '../../domain/clip-request.ts'
import type { EndReason, GenerationState } from '../../domain/generation-state.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'

export { type EndReason, type GenerationState, generationStates } from '../../domain/generation-state.ts'

/** Where the answer goes. `token` is a secret: it never reaches a log or an error. */
export interface Reply {
  applicationId: Snowflake
  interactionId: Snowflake
  token: string
  /** Bytes per file that this interaction may upload, as Discord told us. */
  attachmentSizeLimit: number
  /** The member's locale as Discord writes it, for instance `en-US`. */
  locale: string
}

/** Who asked, where. */
export interface Requester {
  memberId: Snowflake
  guildId: Snowflake
  channelId: Snowflake
  reply: Reply
}

/** One accepted request and everything that is durable about it. Times are milliseconds since the epoch. */
export interface Generation extends Requester {
  id: string
  state: GenerationState
  /** The process that owns the claim; undefined while nobody does. */
  owner: string | undefined
  request: ClipRequest
  /** The provider it is in the queue for, or runs on. */
  provider: ProviderId
  /** The providers that may make it, in the order in which they are tried. */
  candidates: readonly ProviderId[]
  /** What the guild is charged if the clip is made. */
  price: MicroUsd
  createdAt: number
  /** When the provider accepted the job. */
  startedAt: number | undefined
  /** When it reached `done`, `failed`, `cancelled` or `held`. */
  endedAt: number | undefined
  cancelRequestedAt: number | undefined
  /** Who asked first, if anybody did. */
  cancelledBy: 'requester' | 'moderator' | undefined
  endReason: EndReason | undefined
  /** Was the reservation captured (the provider was paid)? */
  captured: boolean
  /** A short code that stands in the log and in front of the member. */
  reference: string
  /** The message that carries the card, once known. */
  messageId: Snowflake | undefined
  /** The clip at the provider, once it is done. Signed: never logged. */
  outputUrl: string | undefined
}

export function isOver(state: GenerationState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}

/** What somebody has claimed and not brought to its end. */
export const unfinished: readonly GenerationState[] = ['submitting', 'rendering', 'delivering']
