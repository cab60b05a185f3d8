import type { Generated, Selectable } from 'kysely'

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
    /** Where it runs or last ran; while it is queued, the first candidate. */
    provider: ProviderId
    /** JSON list of the providers that may still make it, in the order of preference. */
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
    /** When its words were erased. */
    erased_at: number | null
    reference: string
    output_url: string | null
    /** From then on the provider may no longer serve the clip. */
    output_expires_at: number | null
    output_flagged: Generated<0 | 1>
    /** When Discord had confirmed the requester's notification of this state and end. */
    notified_at: number | null
    /**
     * Until then another process is sending that notification, by the clock that all processes share. In the past: one tried, and its message may have
     * arrived.
     */
    notifying_until: number | null
    /** Left by the operator for the bot. */
    held_decision: HeldDecision | null
    /** When the guild's share of a held reservation was released; from then on, settlements leave the guild's wallets alone. */
    guild_released_at: number | null
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
    /** What the provider reports to have billed, if it does and the figure is plausible. */
    provider_cost: number | null
    /** A figure that is not plausible, as the provider printed it; the listed price was booked. */
    implausible_cost: string | null
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
    /** The operator's, of a correction. */
    reason: string | null
  }
  provider_state: {
    provider: ProviderId
    /** GCRA: the earliest time of the next create at the configured rate. */
    next_create_at: Generated<number>
    /** No creates before this time: the provider sent Retry-After. */
    closed_until: Generated<number>
    /** When a live worker last had its key; 0 for never. */
    served_at: Generated<number>
    /** Why it gets no create call (see provider-blocks.ts); null once it answered one again. */
    blocked_reason: BlockReason | null
    /** When it was blocked; null while one create call is tried. All of these times are by `sharedNow`. */
    blocked_at: number | null
    /** When the next free call is due. Null after one has succeeded: then one create call may be tried. */
    probe_at: number | null
    /** Free calls since it was blocked. */
    probes_failed: Generated<number>
  }
  /** One row, which every claim locks: claims of all processes come one after the other. */
  queue_state: {
    id: 1
    /** Counts claims; `queue_turns` remembers the count at each turn. */
    served: number
  }
  /** When a guild (empty member_id) or one of its members was last served, in units of the queue's `served`. */
  queue_turns: {
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
    /** When it was last stored; the same image again is the same row. */
    created_at: number
  }
  generation_images: { generation_id: string; sha256: string }
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

/** `submission_unknown`: a create call was lost. `unavailable`: one certainly failed. `auth`, `no_credit`: the operator must fix the account. */
export type BlockReason = 'submission_unknown' | 'unavailable' | 'auth' | 'no_credit'

/** What the operator decided about a held generation. */
export type HeldDecision = 'free' | 'billed'

/**
 * What a row does to the wallets. A kind that names a scope changes the wallets of that scope alone; so do `refund` (the guild's), `difference` and
 * `assumed` (the installation's). `hold` changes none.
 */
export type LedgerKind =
  | 'reserve'
  | 'capture'
  | 'capture-installation'
  | 'release'
  | 'release-guild'
  | 'release-installation'
  | 'hold'
  | 'assumed'
  | 'refund'
  | 'difference'
  | 'correction-guild'
  | 'correction-installation'

export type GenerationRow = Selectable<Schema['generations']>
export type AttemptRow = Selectable<Schema['attempts']>
export type ProviderStateRow = Selectable<Schema['provider_state']>
