import type { ClipFeature } from './clip-request.ts'
import type { Snowflake } from './ids.ts'
import type { MicroUsd } from './money.ts'
import type { ProviderId } from './provider-id.ts'

/** Which image is meant: the only one of its request, or one of two. */
export type RefusedImage = 'only' | 'first' | 'last'

/** Every reason to refuse a request, with exactly the facts that its text needs. Times are milliseconds since the epoch. */
export interface RefusalDetails {
  'bot-not-in-guild': []
  'budget-exhausted': [
    { wallet: 'installation' | 'guild'; period: 'day' | 'month'; price: MicroUsd; remaining: MicroUsd; resetsAt: number },
  ]
  /** More at once than the bot accepts. */
  busy: []
  /** Discord denied the bot this channel, although the permissions looked right. */
  'channel-inaccessible': []
  'generation-over': []
  'generation-unknown': []
  'guild-not-allowed': []
  'image-corrupt': [{ image: RefusedImage }]
  'image-missing': []
  'image-over-limit': [{ image: RefusedImage; limitBytes: number }]
  'image-too-large': [{ image: RefusedImage; sizeBytes: number; limitBytes: number }]
  'image-too-many-pixels': [{ image: RefusedImage; limitPixels: number }]
  'image-too-narrow': [{ image: RefusedImage; width: number; height: number; limitRatio: number }]
  'image-too-small': [{ image: RefusedImage; width: number; height: number; limitPixels: number }]
  'image-unreachable': [{ image: RefusedImage }]
  'image-unsupported': [{ image: RefusedImage }]
  'missing-permissions': [{ permissions: readonly string[] }]
  'negative-prompt-too-long': [{ characters: number; limit: number }]
  'not-your-generation': []
  'prompt-empty': []
  'prompt-too-long': [{ characters: number; limit: number }]
  /** `typed` is the member's own text. */
  'provider-unknown': [{ typed: string; choices: readonly ProviderId[] }]
  'rate-limited': [{ scope: 'member' | 'guild'; limit: number; retryAt: number }]
  'store-unavailable': []
  'thread-archived': []
  'thread-locked': []
  /** A private thread; `bot` is the bot's user id. */
  'thread-not-joined': [{ bot: Snowflake }]
  /** `choices` are set up here, or could be; none may be left. */
  unsupported: [{ features: readonly ClipFeature[]; choices: readonly ProviderId[] }]
  'unsupported-by-provider': [{ provider: ProviderId; features: readonly ClipFeature[]; choices: readonly ProviderId[] }]
}

export type RefusalIdentifier = keyof RefusalDetails

/** A "no" that is meant for a person: not an error, never logged as one. Its text is in `src/discord/text/`. */
export class Refusal<Identifier extends RefusalIdentifier = RefusalIdentifier> extends Error {
  override readonly name = 'Refusal'
  readonly identifier: Identifier
  readonly details: RefusalDetails[Identifier]

  constructor(identifier: Identifier, ...details: RefusalDetails[Identifier]) {
    super(identifier)
    this.identifier = identifier
    this.details = details
  }
}
