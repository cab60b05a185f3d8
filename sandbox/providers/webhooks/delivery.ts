import type { Job } from '../jobs/job.ts'
import type { WebhookFault } from '../simulation/faults.ts'

/** The HTTP status of a delivery attempt, or why there is none. */
export type DeliveryOutcome = number | 'lost' | 'unreachable' | 'timed-out'

/** One attempt to deliver a webhook. */
export interface WebhookDelivery {
  jobId: string
  /** `start`, `output` or `completed`. */
  event: string
  /** 1 for the first attempt. */
  attempt: number
  url: string
  headers: Readonly<Record<string, string>>
  /** As sent and signed. */
  body: string
  fault: WebhookFault | undefined
  /** ISO 8601, virtual. */
  at: string
  /** Undefined while the attempt is in progress. */
  outcome: DeliveryOutcome | undefined
}

export interface WebhookMessage {
  event: string
  /** Serialized once: a retry sends the same text. */
  body: unknown
  /** Whether it is sent again when it was not accepted. */
  retried: boolean
}

export interface SigningOrder {
  /** The same in every attempt. */
  deliveryId: string
  /** The job that the webhook belongs to. */
  ownerId: string
  /** The job that the body names: the same, unless a fault replaces it. */
  jobId: string
  /** Seconds since the epoch, in the receiver's time. */
  timestamp: number
  rawBody: string
  /** Make the proof invalid. */
  forged: boolean
  url: string
}

/** The webhooks of one provider. */
export interface WebhookForm {
  /** The webhooks to send for a job's new state; called at each change. */
  messagesOf(job: Job): WebhookMessage[]
  /** The headers that prove the origin, and the URL where that holds the proof. */
  sign(order: SigningOrder): { headers: Record<string, string>; url?: string }
}
