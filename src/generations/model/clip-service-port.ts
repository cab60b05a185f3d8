import type { AspectRatio, DurationSeconds } from '../../domain/clip-request.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Requester } from './generation.ts'

/** An image as the member handed it in: what Discord says of it, not yet what it is. */
export interface ImageInput {
  /** Signed and short-lived: fetched at once, never stored, never logged. */
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
  /** The one provider that shall make it; left out, the bot chooses. */
  provider?: ProviderId | undefined
}

/** What is known of a request while it is still being typed. */
export type PartialClipInput = Pick<ClipInput, 'negativePrompt' | 'guidance'> & { image: boolean; lastImage: boolean }

/** A provider as a member can choose it. */
export interface ProviderChoice {
  id: ProviderId
  name: string
  /** For five seconds. */
  price: MicroUsd
}

/** Everything a command may ask for; implemented in src/clip-service.ts, joined in src/main.ts. */
export interface ClipService {
  /** What can be judged from memory alone, before the acknowledgement. Throws a `Refusal`; takes well under a second. */
  check(input: ClipInput, requester: Requester): void
  /** The providers that are set up and can do what was typed so far, in the order in which they would be tried. From memory alone. */
  choices(input: PartialClipInput): ProviderChoice[]
  /** Accepts the request or throws a `Refusal`, leaving nothing behind. From acceptance on the card belongs to the clip service. */
  request(input: ClipInput, requester: Requester): Promise<void>
  /** Cancels a generation, or asks its owner to. Throws a `Refusal` if it is unknown, over, or not theirs. */
  cancel(generationId: string, member: { memberId: Snowflake; guildId: Snowflake; mayManageMessages: boolean }): Promise<void>
}
