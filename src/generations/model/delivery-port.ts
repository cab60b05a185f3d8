import type { Snowflake } from '../../domain/ids.ts'
import type { CardLock } from './card-lock.ts'
import type { Generation } from './generation.ts'

/** What is known at this moment but not worth storing. */
export interface LiveState {
  /** Milliseconds since the epoch, by the bot's clock. */
  now: number
  /** Requests ahead in our line (queued) or at the provider (rendering). */
  ahead?: number | undefined
  /** 0 to 1, from the provider or from how long such clips take. */
  progress?: number | undefined
  /** When the clip is expected, milliseconds since the epoch. */
  expectedEndAt?: number | undefined
  /** Was the cancel wish passed to the provider, which said that it is too late or cannot? */
  cancelRefused?: boolean | undefined
  /** The bot is being stopped: nobody watches the job until the next process goes on. */
  paused?: boolean | undefined
}

/** A finished clip on its way to Discord. */
export interface Clip {
  bytes: Uint8Array
  durationSeconds: number
  /** Where the provider serves it. For a clip that no route can upload, this is what the member gets. */
  url: string
}

export interface PostedMessage {
  channelId: Snowflake
  messageId: Snowflake
}

/** How the core reaches people; implemented in src/discord, joined in src/main.ts. */
export interface Delivery {
  /** Puts the newest state on the card. Returns at once and never throws; states that were overtaken are dropped. */
  show(generation: Generation, live: LiveState): void
  /**
   * The message in which an earlier process left this clip; undefined where none stands, or none that we may see. Asked before a clip is fetched
   * and posted a second time. Throws a passing `DeliveryError` while Discord is at fault: then nobody knows, and it has to be asked again.
   */
  findPosted(generation: Generation): Promise<PostedMessage | undefined>
  /**
   * Posts the finished clip in place of the card and lets the requester know if it took long. Resolves once Discord has the clip (or the link,
   * where it is larger than any route takes); harmless to repeat, because it edits the card's own message. Throws `DeliveryError`, and `LeaseLost`
   * where another process is found to own the clip.
   */
  post(generation: Generation, clip: Clip, options: { signal: AbortSignal }): Promise<PostedMessage>
  /**
   * Turns the card into its last word (`failed`, `cancelled`, `held`) and tells the requester alone why. Says nothing where the generation has
   * moved on from this very end meanwhile. Never throws.
   */
  postOutcome(generation: Generation, live: LiveState): Promise<void>
  /** Resolves when every card write under way is over. */
  drain(): Promise<void>
}

/** What the core stores for the delivery. */
export interface DeliveryStore {
  /** Stores which message carries the card, as soon as it is known. */
  rememberMessage: (generationId: string, messageId: Snowflake) => Promise<void>
  /** True for the first caller only, as long as the generation has this state and end: a member is notified of one outcome once. */
  claimNotification: (generation: Generation) => Promise<boolean>
  cardLock: CardLock
}

/** The provider answered that it no longer serves the clip: asking again is of no use. */
export class OutputGone extends Error {
  override readonly name = 'OutputGone'
}

/** A clip could not be posted. Its message holds codes only: it may be logged. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** Said no by every route, and would say it again: waiting does not help. */
  readonly permanent: boolean

  constructor(message: string, { permanent }: { permanent: boolean }) {
    super(message)
    this.permanent = permanent
  }
}
