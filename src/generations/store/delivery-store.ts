import type { Clock } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import type { DeliveryStore } from '../model/delivery-port.ts'
import { createCardLock, createLocalCardLock, isCurrent } from './card-lock.ts'
import { rememberMessage } from './generations.ts'
import { createNotifications } from './notifications.ts'

export function createDeliveryStore(database: Database, clock: Clock): DeliveryStore {
  const { statements, sharedUrl } = database
  return {
    rememberMessage: (id, messageId) => rememberMessage(statements, id, messageId),
    ...createNotifications(database, clock),
    cardLock: sharedUrl === undefined ? createLocalCardLock((generation) => isCurrent(statements, generation)) : createCardLock(database),
  }
}
