import type { ClipFeature, ClipRequest } from '../domain/clip-request.ts'
import type { Image } from '../domain/image.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { ProviderError } from '../domain/provider-error.ts'
import type { ProviderId } from '../domain/provider-id.ts'

/** What a provider can do. A request that needs more is refused before it is accepted, with the providers that can do it. */
export type Capabilities = Readonly<Record<ClipFeature, boolean>>

/** An image in the provider's own storage. Plain JSON. */
export interface HostedImage {
  /** How the provider's create call refers to it: usually a URL. */
  url: string
}

export interface HostedImages {
  firstFrame?: HostedImage | undefined
  lastFrame?: HostedImage | undefined
}

/** The provider's handle of an accepted job: plain JSON, stored as it is and passed back unread. `id` is unique per provider. */
export interface Operation {
  readonly id: string
  readonly [key: string]: unknown
}

/** A cost as the provider printed it, whatever that is: it is checked where it is booked, so that it never makes a status unreadable. */
export interface PrintedCost {
  printed: unknown
  /** Micro-dollars in one of the provider's units. */
  unit: MicroUsd
}

export type Status =
  | {
      state: 'pending'
      /** Jobs ahead of this one, where the provider reports it. */
      position?: number | undefined
      /** 0 to 1, where the provider reports it. */
      progress?: number | undefined
    }
  | {
      state: 'completed'
      /** Undefined while the provider names no clip: the job is over and billed, and a later call may name it. */
      url?: string | undefined
      /** What the provider billed, where it reports it. */
      cost?: PrintedCost | undefined
      /** The provider's own safety check flagged the clip. */
      flagged?: boolean | undefined
    }
  | {
      state: 'failed'
      error: ProviderError
      /** Undefined where the provider's rules do not say. */
      billed?: boolean | undefined
    }
  /** The provider ended the job on request. `billed` is undefined where its rules do not say. */
  | { state: 'cancelled'; billed?: boolean | undefined }

/**
 * `free`: ended and not billed. `billed`: ended and billed. `unknown`: requested; only the job's final status can tell.
 * `unsupported`: the provider has no cancel, or the job was already over: watch it to its end.
 */
export type CancelOutcome = 'free' | 'billed' | 'unknown' | 'unsupported'

/** An authentic webhook. Only its sender is trusted, not its content: the state is read with `status`. */
export interface WebhookEvent {
  /** The job it is about, as `start` would have returned it: this is how a job whose create response was lost is found again. */
  operation: Operation
  /** The same for every repetition of this delivery. */
  deliveryId: string
}

export interface WebhookDelivery {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  rawBody: Uint8Array
  /** Milliseconds since the epoch; the age of the signature is measured by it. */
  now: number
  signal: AbortSignal
}

/** Throws `WebhookRejected` unless the delivery is authentic and fresh. */
export type WebhookVerifier = (delivery: WebhookDelivery) => Promise<WebhookEvent>

/** Thrown for a webhook that is forged, stale or unreadable. Its message holds nothing of the body. */
export class WebhookRejected extends Error {
  override readonly name = 'WebhookRejected'
}

/** What is known of a create call whose response was lost. */
export interface LostSubmission {
  attemptId: string
  /** As it was passed to `start`: its token identifies this attempt in a provider's list of jobs. */
  webhookUrl?: string | undefined
  /** Milliseconds since the epoch. */
  submittedAt: number
}

export interface CallOptions {
  signal: AbortSignal
}

export interface StatusOptions extends CallOptions {
  /** The provider has just sent something about the job: it is probably over. Spares the call that would ask for it where a provider needs two. */
  isAnnounced?: boolean
}

export interface StartOptions extends CallOptions {
  /** The id of our attempt; providers that let the client choose the job's id derive it from this one. */
  attemptId: string
  webhookUrl?: string | undefined
}

/**
 * One provider of the model. An implementation only maps requests and responses: no polling, no waiting, no retry of a billable call, no knowledge of
 * Discord, money or the store. Every method throws only `ProviderError` or the signal's reason.
 */
export interface Provider {
  readonly id: ProviderId
  readonly capabilities: Capabilities
  /** What the provider bills for this request by its price list. */
  price(request: ClipRequest): MicroUsd
  /** Uploads an image to the provider's storage; safe to repeat. */
  prepare(image: Image, options: CallOptions): Promise<HostedImage>
  /** The billable call: sent once, never repeated by any layer. */
  start(request: ClipRequest, images: HostedImages, options: StartOptions): Promise<Operation>
  /**
   * A free call that succeeds if the provider is up and accepts the key. Throws `no_credit` where the balance can be read and does not pay for the
   * shortest clip.
   */
  probe(options: CallOptions): Promise<void>
  /** Reads the job's state; safe to repeat. */
  status(operation: Operation, options: StatusOptions): Promise<Status>
  /** Streams states until the job or the stream ends, where the provider has a stream. The caller falls back to `status`. */
  watch?(operation: Operation, options: CallOptions): AsyncIterable<Status>
  /** Absent where the provider cannot cancel. */
  cancel?(operation: Operation, options: CallOptions): Promise<CancelOutcome>
  /**
   * Looks for a job whose create response was lost, by a mark that only this attempt has. Absent where the provider keeps no such mark. `unknown` does
   * not prove that there is no job: it never permits another submission. Throws where the provider did not answer: look again later.
   */
  recover?(request: ClipRequest, images: HostedImages, lost: LostSubmission, options: CallOptions): Promise<Operation | 'unknown'>
  verifyWebhook?: WebhookVerifier
}
