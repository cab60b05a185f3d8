import type { AspectRatio, DurationSeconds } from '../../domain/clip-request.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Requester } from './generation.ts'

/** An attached image as Discord describes it; its bytes are not known yet. */
export interface ImageInput {
  /** Signed and short-lived: downloaded at once, never stored or logged. */
  url: string
  name: string
  sizeBytes: number
  width: number | undefined
  height: number | undefined
}

/** What a member typed, not yet checked. */
export interface ClipInput {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: DurationSeconds
  aspectRatio?: AspectRatio | undefined
  guidance?: number | undefined
  image?: ImageInput | undefined
  lastImage?: ImageInput | undefined
  /** The member's choice of provider; without it the bot chooses. */
  provider?: ProviderId | undefined
}

/** What is known of a request while it is still being typed. */
export type PartialClipInput = Pick<ClipInput, 'durationSeconds' | 'negativePrompt' | 'guidance'> & { image: boolean; lastImage: boolean }

/** A provider that a member can choose. */
export interface ProviderChoice {
  id: ProviderId
  name: string
  /** For the chosen duration. */
  price: MicroUsd
}

/** Everything a command may ask for; implemented in src/clip-service.ts, joined in src/main.ts. */
export interface ClipService {
  /**
   * Checks what memory alone can tell, before the acknowledgement, and takes one request from the allowances of the member and the guild. Throws a
   * `Refusal`.
   */
  check(input: ClipInput, requester: Requester): void
  /** The configured providers that support what was typed so far, in the order in which they are tried. Needs memory only. */
  choices(input: PartialClipInput): ProviderChoice[]
  /**
   * Accepts a request that was checked, or throws a `Refusal` and stores nothing; if an image was the reason, the allowances get the request back. An
   * accepted request's card belongs to the clip service.
   */
  request(input: ClipInput, requester: Requester): Promise<void>
  /** Cancels a generation, or asks its owner to. Throws a `Refusal` if it is unknown, over, or not theirs. */
  cancel(generationId: string, member: { memberId: Snowflake; guildId: Snowflake; mayManageMessages: boolean }): Promise<void>
}
