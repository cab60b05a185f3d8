import type { ClipRequest } from '../domain/clip-request.ts'
import type { Image } from '../domain/image.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { ProviderError } from '../domain/provider-error.ts'
import type { ProviderId } from '../domain/provider-id.ts'

/** What a provider can do; asking for more is refused up front, naming the providers that can. */
export interface Capabilities {
  text: boolean
  firstFrame: boolean
  lastFrame: boolean
  negativePrompt: boolean
  guidance: boolean
  /** Does the provider know a cancel call at all? What it costs is told by `CancelOutcome`. */
  cancel: boolean
  /** How a webhook of this provider proves where it comes from. */
  webhook: 'signed' | 'url-token'
}

/** An image that the provider's own storage holds, named as the provider wants to hear it. Plain JSON. */
export interface HostedImage {
  url: string
}

export interface HostedImages {
  firstFrame?: HostedImage | undefined
  lastFrame?: HostedImage | undefined
}

/** The provider's handle of an accepted job: plain JSON, stored as it is and handed back unread. `id` is unique per provider. */
export interface Operation {
  readonly id: string
  readonly [key: string]: unknown
}

export type Status =
  | {
      state: 'pending'
      /** Jobs ahead of this one, where the provider says so. */
      position?: number | undefined
      /** 0 to 1, where the provider says so. */
      progress?: number | undefined
    }
  | {
      state: 'completed'
      url: string
      /** What the provider says it billed, where it says so. */
      cost?: MicroUsd | undefined
      /** The provider's own safety check marked the clip. */
      flagged?: boolean | undefined
    }
  | {
      state: 'failed'
      error: ProviderError
      /** True or false where the provider's rules say it; undefined where nobody can know. */
      billed?: boolean | undefined
    }
  /** The host ended the job because it was asked to; `billed` undefined where its rules do not say. */
  | { state: 'cancelled'; billed?: boolean | undefined }

/**
 * `free`: ended and nothing is due. `billed`: ended and paid. `unknown`: asked; only the job's last status can tell.
 * `unsupported`: the provider cannot, or the job was already over: watch it to its end.
 */
export type CancelOutcome = 'free' | 'billed' | 'unknown' | 'unsupported'

/** A webhook that proved where it comes from. Nothing in it is trusted beyond that: the state is read with `status`. */
export interface WebhookEvent {
  /** The job it speaks of, as `start` would have returned it: adopts a job whose create answer was lost. */
  operation: Operation
  /** The same for every repetition of this delivery. */
  deliveryId: string
}

export interface WebhookDelivery {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  rawBody: Uint8Array
  /** Milliseconds since the epoch, for the tolerance of the signature's age. */
  now: number
  signal: AbortSignal
}

/** Thrown for a webhook that is forged, stale or unreadable. Its message holds nothing of the body. */
export class WebhookRejected extends Error {
  override readonly name = 'WebhookRejected'
}

/** What is known of a create call whose answer was lost. */
export interface LostSubmission {
  attemptId: string
  /** As it was given to `start`: its token is this attempt's own mark in a provider's list. */
  webhookUrl?: string | undefined
  /** Milliseconds since the epoch. */
  submittedAt: number
}

export interface StartOptions {
  /** Our attempt's id: the client-chosen id where a provider has one. */
  attemptId: string
  webhookUrl?: string | undefined
  signal: AbortSignal
}

/**
 * One provider of the model. An adapter maps and does nothing else: no loop, no sleep, no retry of a billable call, no knowledge of
 * Discord, money or the store. Every method throws only `ProviderError` (or the signal's reason).
 */
export interface Provider {
  readonly id: ProviderId
  readonly capabilities: Capabilities
  /** What the provider will bill for this request by its price list, in micro-dollars. */
  price(request: ClipRequest): MicroUsd
  /** Uploads an image to the provider's storage; harmless to repeat. */
  prepare(image: Image, options: { signal: AbortSignal }): Promise<HostedImage>
  /** The billable call: sent once, never repeated by any layer. */
  start(request: ClipRequest, images: HostedImages, options: StartOptions): Promise<Operation>
  /** Reads the job's state; harmless to repeat. */
  status(operation: Operation, options: { signal: AbortSignal }): Promise<Status>
  /** Streams states until the job is over or the stream ends, where the provider can; the caller falls back to `status`. */
  watch?(operation: Operation, options: { signal: AbortSignal }): AsyncIterable<Status>
  cancel?(operation: Operation, options: { signal: AbortSignal }): Promise<CancelOutcome>
  /**
   * Looks for a job whose create answer was lost by a mark that is only this attempt's, where the provider has one. `unknown` is never leave to
   * submit again.
   */
  recover?(
    request: ClipRequest,
    images: HostedImages,
    lost: LostSubmission,
    options: { signal: AbortSignal },
  ): Promise<Operation | 'unknown'>
  /** Throws `WebhookRejected` unless the delivery is authentic and fresh. */
  verifyWebhook?(delivery: WebhookDelivery): Promise<WebhookEvent>
}
