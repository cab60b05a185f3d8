import type { Generated, Insertable, Selectable } from 'kysely'

import type { ImageReference } from '../domain/image.ts'
import type { AttemptState, EndReason, GenerationState } from '../domain/generation-state.ts'
import type { ProviderId } from '../domain/provider-id.ts'

/** Money is in micro-dollars, time in milliseconds since the epoch; booleans are 0 or 1, structures JSON text (see json-columns.ts). */
export interface Schema {
  generations: {
    id: string
    state: GenerationState
    /** The process that owns the claim; only it writes the state. */
    owner: string | null
    provider: ProviderId
    /** JSON list of the providers to try, in order. */
    candidates: string
    request: string
    price: number
    member_id: string
    guild_id: string
    channel_id: string
    application_id: string
    /** Unique: a repeated delivery of one interaction is one request. */
    interaction_id: string
    interaction_token: string
    attachment_size_limit: number
    locale: string
    message_id: string | null
    /** Wallet periods of the reservation; every later ledger row copies them. */
    day_key: string
    month_key: string
    installation_day_key: string
    installation_month_key: string
    created_at: number
    started_at: number | null
    ended_at: number | null
    cancel_requested_at: number | null
    cancelled_by: 'requester' | 'moderator' | null
    end_reason: EndReason | null
    captured: 0 | 1
    reference: string
    output_url: string | null
    /** When the requester was notified of the clip; at most once. */
    notified_at: number | null
    /** Left by the operator for the bot. */
    held_decision: HeldDecision | null
    /** Edits of its card in progress, in any process; a process that died leaves its own behind. */
    card_edits: Generated<number>
  }
  attempts: {
    id: string
    generation_id: string
    take: number
    provider: ProviderId
    state: AttemptState
    /** JSON of the images' addresses at the provider; a lost submission is found by them. */
    images: string | null
    /** Just before the billable call. */
    sent_at: number | null
    /** Why it was refused or failed. */
    end_reason: EndReason | null
    /** JSON of the provider's handle, once it accepted. Unique per provider by `operation_id`. */
    operation: string | null
    operation_id: string | null
    /** What the provider reports to have billed, if it does. */
    provider_cost: number | null
    webhook_token: string
    created_at: number
    ended_at: number | null
  }
  wallets: {
    scope: 'installation' | 'guild'
    owner_id: string
    period: 'day' | 'month'
    period_key: string
    reserved: number
    spent: number
  }
  ledger: {
    sequence: Generated<number>
    generation_id: string
    take: number
    kind: LedgerKind
    amount: number
    guild_id: string
    day_key: string
    month_key: string
    installation_day_key: string
    installation_month_key: string
    created_at: number
  }
  provider_state: {
    provider: ProviderId
    /** GCRA: the earliest time of the next create at the configured rate. */
    next_create_at: number
    /** No creates before this time: the provider sent Retry-After. */
    closed_until: number
    /** Counts claims; `queue_turns` remembers the count at each turn. */
    served: number
  }
  /** When a guild (empty member_id) or one of its members was last served, in units of the provider's `served`. */
  queue_turns: {
    provider: ProviderId
    guild_id: string
    member_id: string
    last_served: number
  }
  /** Authentic webhooks; a repeated delivery is one row. Only the job that they name is stored. */
  webhook_events: {
    attempt_id: string
    delivery_id: string
    /** JSON of the operation, as `start` would have returned it. */
    operation: string
    received_at: number
  }
  images: {
    sha256: string
    media_type: ImageReference['mediaType']
    width: number
    height: number
    size_bytes: number
    bytes: Uint8Array
    created_at: number
  }
  keyv: {
    key: string
    value: string
    expires_at: number | null
  }
  /** The processes that make clips. If a heartbeat is too old, the process is gone and its generations are orphans. */
  workers: {
    id: string
    role: string
    /** The ids of the providers it serves, separated by spaces. */
    providers: string
    /** By the database's clock, like `heartbeat_at`. */
    started_at: number
    heartbeat_at: number
  }
}

/** What the operator decided about a held generation. */
export type HeldDecision = 'free' | 'billed'

export type LedgerKind = 'reserve' | 'capture' | 'release' | 'hold' | 'refund' | 'difference'

export type GenerationRow = Selectable<Schema['generations']>
export type NewGenerationRow = Insertable<Schema['generations']>
export type AttemptRow = Selectable<Schema['attempts']>
