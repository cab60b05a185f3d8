import type { WebhookFault } from '../simulation/faults.ts'
import type { Job } from '../jobs/job.ts'

/** What became of one attempt: an HTTP status, or why there is none. */
export type DeliveryOutcome = number | 'lost' | 'unreachable' | 'timed-out'

/** One attempt to tell a customer something, as the record shows it. */
export interface WebhookDelivery {
  jobId: string
  /** What it tells (`start`, `output`, `completed`). */
  event: string
  /** 1 for the first attempt. */
  attempt: number
  url: string
  headers: Readonly<Record<string, string>>
  /** The very text that was sent and signed. */
  body: string
  /** What was made wrong with it. */
  fault: WebhookFault | undefined
  /** ISO 8601, in the providers' time. */
  at: string
  /** Undefined while it is under way. */
  outcome: DeliveryOutcome | undefined
}

/** Something that a provider tells about a job. */
export interface WebhookMessage {
  event: string
  /** Sent as JSON, as it is when the message is made: a retry tells the same again. */
  body: unknown
  /** Only the last word is said again when nobody hears it. */
  retried: boolean
}

export interface SigningOrder {
  /** The same in every attempt of a message. */
  deliveryId: string
  /** The job whose customer is told. */
  ownerId: string
  /** The job that the body speaks of: the same, unless a fault makes it another. */
  jobId: string
  /** Seconds since the epoch, in the receiver's time. */
  timestamp: number
  rawBody: string
  /** Make a proof that does not hold. */
  forged: boolean
  url: string
}

/** How one provider tells its customers about their jobs. */
export interface WebhookForm {
  /** What a job's new state is worth telling; called at each change. */
  messagesOf(job: Job): WebhookMessage[]
  /** The headers that prove where a message comes from, and the address, which is a proof itself at some providers. */
  sign(order: SigningOrder): { headers: Record<string, string>; url?: string }
}
