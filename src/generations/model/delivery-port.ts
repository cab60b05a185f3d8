import type { Snowflake } from '../../domain/ids.ts'
import type { Generation } from './generation.ts'

/** What a card shows that is not worth storing. */
export interface LiveState {
  /** Milliseconds since the epoch, by the bot's clock. */
  now: number
  /** Requests ahead in our queue (queued) or at the provider (rendering). */
  ahead?: number | undefined
  /** 0 to 1, reported by the provider or estimated. */
  progress?: number | undefined
  /** When the clip is expected, milliseconds since the epoch. */
  expectedEndAt?: number | undefined
  /** The provider of the running job has no cancel. */
  cannotCancel?: boolean | undefined
  /** The provider cannot cancel, or not any more. */
  cancelRefused?: boolean | undefined
  /** The provider is done, but does not serve its clip. It is asked again until then, milliseconds since the epoch. */
  askingUntil?: number | undefined
  /** The bot is stopping: the job is not watched until the next process resumes it. */
  paused?: boolean | undefined
}

/** A finished clip on its way to Discord. */
export interface Clip {
  /** Undefined where only the link is left to post. */
  bytes?: Uint8Array | undefined
  durationSeconds: number
  /** Where the provider serves it: sent as a link where the clip cannot be uploaded. */
  url: string
}

export interface PostedMessage {
  channelId: Snowflake
  messageId: Snowflake
}

/** How the core reaches members; implemented in src/discord. */
export interface Delivery {
  /** Shows the newest state on the card. Returns at once and never throws; outdated states are dropped. */
  show(generation: Generation, live: LiveState): void
  /**
   * The message in which an earlier process posted this clip; undefined if there is none that we may read. Called before a clip is downloaded and posted
   * a second time. Throws a temporary `DeliveryError` while Discord fails: then the answer is unknown.
   */
  findPosted(generation: Generation): Promise<PostedMessage | undefined>
  /**
   * Posts the finished clip in place of the card and mentions the requester if it took long. Resolves once Discord has the clip (or the link, where it has
   * no bytes or is too large for every route); harmless to repeat, because it edits the card's own message. Undefined if the card was deleted: nothing is
   * posted in the channel again, and the requester got the link alone, if Discord still takes that. Throws `DeliveryError`, and `LeaseLost` where another
   * process owns the clip.
   */
  post(generation: Generation, clip: Clip, options: { signal: AbortSignal }): Promise<PostedMessage | undefined>
  /**
   * Shows the outcome (`failed`, `cancelled`, `held`) on the card and tells the requester privately why. Does nothing if the generation has another state or
   * end by now. Never throws.
   */
  postOutcome(generation: Generation, live: LiveState): Promise<void>
  /** Resolves when no card write is under way. */
  drain(): Promise<void>
}

/** What the core learns from Discord. */
export interface CardDeletions {
  /** `listener` is called with the id of an unfinished generation whose card turns out to be deleted. */
  onCardDeleted(listener: (generationId: string) => void): void
}

/**
 * Orders the edits of one card. Within a process its card writer does; between processes this lock does, because the gateway, the oldest worker
 * and the owner of the claim may all write the same card. Each edit checks first that the generation has not moved on: a held one can resume
 * while its card is being written.
 */
export interface CardLock {
  /** Runs an edit unless the generation has moved on (to another state, owner or end). False if it did not run. */
  edit(generation: Generation, write: () => Promise<void>): Promise<boolean>
  /** Resolves once no edit is under way in any process. Call it after the final state is written, so that no older edit can follow. */
  whenIdle(generation: Generation): Promise<void>
  /** Whether the generation still has the state, owner and end of this copy. */
  isCurrent(generation: Generation): Promise<boolean>
}

/** Wall-clock milliseconds. Every edit gives up by then, so one that is still marked later belongs to a process that died. */
export const longestEditMs = 10_000

/** What the core stores for the delivery. */
export interface DeliveryStore {
  /** Stores which message carries the card, as soon as it is known. */
  rememberMessage: (generationId: string, messageId: Snowflake) => Promise<void>
  /**
   * Runs `send`, unless the requester was notified of this state and end, or another process is doing it. Recorded once `send` has resolved: after a
   * failure or a crash it can be repeated, and then `mayHaveArrived` says that an earlier message may be there. False if it did not run.
   */
  notifyOnce: (generation: Generation, send: (earlier: { mayHaveArrived: boolean }) => Promise<void>) => Promise<boolean>
  /** The requester was notified by a message that had to be sent anyway. */
  markNotified: (generation: Generation) => Promise<void>
  cardLock: CardLock
}

/** A clip could not be posted. The message holds codes only, so it may be logged. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** Refused by every route: a retry cannot help. */
  readonly permanent: boolean

  constructor(message: string, { permanent }: { permanent: boolean }) {
    super(message)
    this.permanent = permanent
  }
}
