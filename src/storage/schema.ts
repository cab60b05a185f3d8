import type { Generated, Insertable, Selectable } from 'kysely'

import type { ImageReference } from '../domain/image.ts'
import type { AttemptState, EndReason, GenerationState } from '../domain/generation-state.ts'
import type { ProviderId } from '../domain/provider-id.ts'

/** Money is micro-dollars, time is milliseconds since the epoch, ids are text, truth is 0 or 1, structures are JSON text. */
export interface Schema {
  generations: GenerationsTable
  attempts: AttemptsTable
  wallets: WalletsTable
  ledger: LedgerTable
  provider_state: ProviderStateTable
  queue_turns: QueueTurnsTable
  webhook_events: WebhookEventsTable
  images: ImagesTable
  keyv: KeyvTable
  workers: WorkersTable
}

/** What the operator decided about a held generation. */
export type HeldDecision = 'free' | 'billed'

export interface GenerationsTable {
  id: string
  state: GenerationState
  /** The process that owns the claim; only it writes the state. */
  owner: string | null
  provider: ProviderId
  /** JSON list of the providers that may make it, in the order in which they are tried. */
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
  end_reason: EndReason | null
  captured: 0 | 1
  reference: string
  output_url: string | null
  /** When the requester was told that the clip is there; at most once. */
  notified_at: number | null
  /** The operator's word on a held generation, left for the bot: `free` or `billed`. */
  held_decision: HeldDecision | null
  /** Edits of its card, soon overtaken, that are under way in some process; one that died leaves its own behind. */
  card_edits: Generated<number>
}

export interface AttemptsTable {
  id: string
  generation_id: string
  take: number
  provider: ProviderId
  state: AttemptState
  /** JSON of the images as the provider's storage names them; a lost submission is looked for by them. */
  images: string | null
  /** When the billable call was about to leave. */
  sent_at: number | null
  /** What a refusal or failure was called. */
  end_reason: EndReason | null
  /** The provider's handle as JSON, once it accepted. Unique per provider by `operation_id`. */
  operation: string | null
  operation_id: string | null
  /** What the provider says it billed, where it says so. */
  provider_cost: number | null
  webhook_token: string
  created_at: number
  ended_at: number | null
}

export interface WalletsTable {
  scope: 'installation' | 'guild'
  owner_id: string
  period: 'day' | 'month'
  period_key: string
  reserved: number
  spent: number
}

export type LedgerKind = 'reserve' | 'capture' | 'release' | 'hold' | 'refund' | 'difference'

export interface LedgerTable {
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

export interface ProviderStateTable {
  provider: ProviderId
  /** GCRA: the earliest time at which the next create is due if none is ahead of its rate. */
  next_create_at: number
  /** No creates before this time: the provider asked for patience. */
  closed_until: number
  /** Counts claims, so that lines can remember when they were last served. */
  served: number
}

/** When a guild (member_id empty) or a member of it was last served, in units of its provider's `served`. */
export interface QueueTurnsTable {
  provider: ProviderId
  guild_id: string
  member_id: string
  last_served: number
}

/** Webhooks that proved authentic; a repeated delivery is one row. Nothing of their content is kept but which job they speak of. */
export interface WebhookEventsTable {
  attempt_id: string
  delivery_id: string
  /** JSON of the operation, as `start` would have returned it. */
  operation: string
  received_at: number
}

export interface ImagesTable {
  sha256: string
  media_type: ImageReference['mediaType']
  width: number
  height: number
  size_bytes: number
  bytes: Uint8Array
  created_at: number
}

export interface KeyvTable {
  key: string
  value: string
  expires_at: number | null
}

/** The processes that make clips. One whose heartbeat is too old is gone, and what it claimed is an orphan. */
export interface WorkersTable {
  id: string
  role: string
  /** The ids of the providers it serves, with blanks between. */
  providers: string
  /** By the store's own clock, as is `heartbeat_at`. */
  started_at: number
  heartbeat_at: number
}

export type GenerationRow = Selectable<GenerationsTable>
export type NewGenerationRow = Insertable<GenerationsTable>
export type AttemptRow = Selectable<AttemptsTable>
