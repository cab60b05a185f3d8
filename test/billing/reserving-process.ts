import { once } from 'node:events'

import { createClock } from '../../src/lib/clock.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { enqueueOnce } from '../../src/generations/queue/enqueue.ts'
import { createNetwork } from '../../src/network/network.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { openDatabase } from '../../src/storage/database.ts'

/** Accepts 125 requests of 50 members of one guild at once, with a budget for 20; reports how many were accepted. */
const [url = ''] = process.argv.slice(2)
const clock = createClock()
const network = createNetwork({ allowPrivateAddresses: false })
const providers = createProviders(
  {
    descriptors: providerDescriptors,
    accounts: [{ id: 'fal', apiKey: 'a-key-that-is-never-sent', options: {} }],
    origins: {},
  },
  { network, clock },
)
const fal = providers.byId.get('fal')
if (!fal) throw new Error('there is no provider')
const price = 350_000
const budget = { day: 20 * price + price - 1, month: 1_000_000_000 }
const database = await openDatabase({ url })
process.send?.('ready')
await once(process, 'message')

const outcomes = await Promise.allSettled(
  Array.from({ length: 125 }, (_, index) =>
    enqueueOnce(database, {
      request: { prompt: 'a boat', durationSeconds: 5 },
      images: [],
      requester: {
        memberId: `4000000000000000${10 + (index % 50)}`,
        guildId: '200000000000000001',
        channelId: '300000000000000001',
        reply: {
          applicationId: '100000000000000001',
          interactionId: `${process.pid}0${index}`,
          token: 'none',
          attachmentSizeLimit: 1,
          locale: 'en-US',
        },
      },
      candidates: [fal],
      budgets: { installation: { day: 1_000_000_000, month: 1_000_000_000 }, guild: budget },
      timeZone: undefined,
      now: Date.UTC(2026, 10, 20, 12),
    }),
  ),
)
for (const outcome of outcomes) if (outcome.status === 'rejected' && !(outcome.reason instanceof Refusal)) throw outcome.reason
await database.close()
await providers.close()
await network.close()
process.send?.(outcomes.filter(({ status }) => status === 'fulfilled').length)
process.disconnect()
