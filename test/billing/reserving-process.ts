import { once } from 'node:events'

import { createClock } from '../../src/lib/clock.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { enqueueOnce } from '../../src/generations/queue/enqueue.ts'
import { createNetwork } from '../../src/network/network.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { openDatabase } from '../../src/storage/database.ts'

/** Accepts 125 requests of 50 members of one guild, 25 at once, with a budget for 20; reports how many were accepted. */
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
const price = 350_000
const budget = { day: 20 * price + price - 1, month: 1_000_000_000 }
const database = await openDatabase({ url })
process.send?.('ready')
await once(process, 'message')

let accepted = 0
const [provider] = providers.byId.values()
if (!provider) throw new Error('there is no provider')
const candidates = [provider] as const
async function request(index: number): Promise<void> {
  const requester = {
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
  }
  try {
    await enqueueOnce(database, {
      request: { prompt: 'a boat', durationSeconds: 5 },
      images: [],
      requester,
      candidates,
      budgets: { installation: { day: 1_000_000_000, month: 1_000_000_000 }, guild: budget },
      timeZone: undefined,
      now: Date.UTC(2026, 10, 20, 12),
    })
    accepted += 1
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

// All wait for the same wallet: more at once would, on a busy machine, wait longer than the store lets them.
const waiting = Array.from({ length: 125 }, (_, index) => index)
async function requestAll(): Promise<void> {
  for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await request(index)
}
await Promise.all(Array.from({ length: 6 }, requestAll))
await database.close()
await providers.close()
await network.close()
process.send?.(accepted)
process.disconnect()
