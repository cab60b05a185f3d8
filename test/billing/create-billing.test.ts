import { expect, it } from 'vitest'

import { createBilling } from '../../src/billing/create-billing.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { temporaryDatabase } from '../support/store/database.ts'

it('billing keeps the settings in the store and the allowances in memory', async () => {
  const database = await temporaryDatabase()
  const config = { limits: { memberRequestsPerMinute: 1, guildRequestsPerMinute: 10 } }
  const [first, later] = [createBilling({ config, database }), createBilling({ config, database })]
  const requester = { memberId: 'one', guildId: 'here' }
  await first.settings.write('here', { timeZone: 'Europe/Berlin' })
  await first.limits.admit(requester)
  await expect(first.limits.admit(requester)).rejects.toBeInstanceOf(Refusal)
  await first.close()
  expect(await later.settings.read('here')).toEqual({ timeZone: 'Europe/Berlin' })
  await later.limits.admit(requester)
  await later.close()
})
