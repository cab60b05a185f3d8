import type { Snowflake } from '../../domain/ids.ts'
import type { DeliveryStore } from '../../generations/model/delivery-port.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import type { Messages } from '../rest/messages.ts'

export interface DeliveryContext extends DeliveryStore {
  messages: Messages
  clock: Clock
  log: Log
  /** Bytes per file that a bot may upload in this guild. Never rejects. */
  uploadLimitOf: (guildId: Snowflake) => Promise<number>
}
