import type { ClipRequest, FrameReference } from '../domain/clip-request.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { ProviderError } from '../domain/provider-error.ts'
import type { ProviderId } from '../domain/provider-id.ts'

/** What a host can do; asking for more is refused up front, naming the hosts that can. */
export interface Capabilities {
  text: boolean
  firstFrame: boolean
  lastFrame: boolean
  negativePrompt: boolean
  guidance: boolean
  /** Does the host know a cancel call at all? What it costs is told by `CancelOutcome`. */
  cancel: boolean
  /** How a webhook of this host proves where it comes from. */
  webhook: 'signed' | 'url-token'
}

/** A checked picture with its bytes. */
export interface Frame extends FrameReference {
  bytes: Uint8Array
}

/** A picture that the host's own storage holds, named as the host wants to hear it. Plain JSON. */
export interface HostedFrame {
  url: string
}

export interface HostedFrames {
  startFrame?: HostedFrame | undefined
  lastFrame?: HostedFrame | undefined
}

/** The host's handle of an accepted job: plain JSON, stored as it is and handed back unread. `id` is unique per host. */
export interface Operation {
  readonly id: string
  readonly [key: string]: unknown
}

export type Status =
  | {
      state: 'pending'
      /** Jobs ahead of this one, where the host says so. */
      position?: number | undefined
      /** 0 to 1, where the host says so. */
      progress?: number | undefined
    }
  | {
      state: 'completed'
      url: string
      /** What the host says it billed, where it says so. */
      cost?: MicroUsd | undefined
      /** The host's own safety check marked the clip. */
      flagged?: boolean | undefined
    }
  | {
      state: 'failed'
      error: ProviderError
      /** True or false where the host's rules say it; undefined where nobody can know. */
      billed?: boolean | undefined
    }
  /** The host ended the job because it was asked to; `billed` undefined where its rules do not say. */
  | { state: 'cancelled'; billed?: boolean | undefined }

/**
 * `free`: ended and nothing is due. `billed`: ended and paid. `unknown`: asked; only the job's last status can tell.
 * `unsupported`: the host cannot, or the job was already over: watch it to its end.
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
  /** As it was given to `start`: its token is this attempt's own mark in a host's list. */
  webhookUrl?: string | undefined
  /** Milliseconds since the epoch. */
  submittedAt: number
}

export interface StartOptions {
  /** Our attempt's id: the client-chosen id where a host has one. */
  attemptId: string
  webhookUrl?: string | undefined
  signal: AbortSignal
}

/**
 * One host of the model. An adapter maps and does nothing else: no loop, no sleep, no retry of a billable call, no knowledge of
 * Discord, money or the store. Every method throws only `ProviderError` (or the signal's reason).
 */
export interface Provider {
  readonly id: ProviderId
  readonly capabilities: Capabilities
  /** What the host will bill for this request by its price list, in micro-dollars. */
  price(request: ClipRequest): MicroUsd
  /** Uploads a picture to the host's storage; harmless to repeat. */
  prepare(frame: Frame, options: { signal: AbortSignal }): Promise<HostedFrame>
  /** The billable call: sent once, never repeated by any layer. */
  start(request: ClipRequest, frames: HostedFrames, options: StartOptions): Promise<Operation>
  /** Reads the job's state; harmless to repeat. */
  status(operation: Operation, options: { signal: AbortSignal }): Promise<Status>
  /** Streams states until the job is over or the stream ends, where the host can; the caller falls back to `status`. */
  watch?(operation: Operation, options: { signal: AbortSignal }): AsyncIterable<Status>
  cancel?(operation: Operation, options: { signal: AbortSignal }): Promise<CancelOutcome>
  /**
   * Looks for a job whose create answer was lost by a mark that is only this attempt's, where the host has one. `unknown` is never leave to
   * submit again.
   */
  recover?(
    request: ClipRequest,
    frames: HostedFrames,
    lost: LostSubmission,
    options: { signal: AbortSignal },
  ): Promise<Operation | 'unknown'>
  /** Throws `WebhookRejected` unless the delivery is authentic and fresh. */
  verifyWebhook?(delivery: WebhookDelivery): Promise<WebhookEvent>
}
