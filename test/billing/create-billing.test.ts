import { expect, it } from 'vitest'

import { createBilling } from '../../src/billing/create-billing.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { wallClock } from '../../src/lib/clock.ts'
import { temporaryDatabase } from '../support/store/database.ts'

it('billing keeps the settings in the store and the allowances in memory', async () => {
  const database = await temporaryDatabase()
  const config = { limits: { memberRequestsPerMinute: 1, guildRequestsPerMinute: 10 } }
  const context = { config, database, clock: wallClock }
  const [first, later] = [createBilling(context), createBilling(context)]
  const requester = { memberId: 'one', guildId: 'here', reply: { interactionId: 'any' } }
  await first.settings.write('here', { timeZone: 'Europe/Berlin' })
  first.limits.admit(requester)
  expect(() => first.limits.admit(requester)).toThrow(Refusal)
  expect(await later.settings.read('here')).toEqual({ timeZone: 'Europe/Berlin' })
  later.limits.admit(requester)
})
