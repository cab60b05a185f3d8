import type { Snowflake } from '../../domain/ids.ts'
import type { DeliveryStore } from '../../generations/model/delivery-port.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import type { Messages } from '../rest/messages.ts'

import type { EditBudget } from './edit-budget.ts'

export interface DeliveryContext extends DeliveryStore {
  messages: Messages
  clock: Clock
  log: Log
  /** Bytes per file that a bot may upload in this guild. Never rejects. */
  uploadLimitOf: (guildId: Snowflake) => Promise<number>
}

/** What all cards of the process share. */
export interface ProgressContext extends DeliveryContext {
  editBudget: EditBudget
  /** A moderator deleted the card of an unfinished generation. */
  cardDeleted: (generationId: string) => void
  /** Logs that an edit failed, in one line for many. */
  progressFailed: (failed: { generation: string; error: unknown }) => void
}
