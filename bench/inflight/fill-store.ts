import { join } from 'node:path'

import { walletsOf } from '../../src/billing/wallets.ts'
import { periodKeys } from '../../src/billing/periods.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import { createId, createReference, createSecret } from '../../src/domain/ids.ts'
import type { Generation } from '../../src/generations/model/generation.ts'
import { toRow } from '../../src/generations/store/generation-rows.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { operationColumn } from '../../src/storage/json-columns.ts'
import type { OpenInteraction } from './open-interactions.ts'

const request: ClipRequest = {
  prompt: 'a paper boat drifts along a rainy street at dusk, neon signs mirrored in the water, the camera follows it low and slow',
  durationSeconds: 5,
  aspectRatio: '16:9',
}
const atOnce = 200

export interface FillContext {
  /** The folder of the bot's database. */
  folder: string
  /** They take the clips in turn. */
  providers: readonly Provider[]
  /** Under which the providers reach the bot. */
  publicUrl: string
}

/**
 * Orders a clip for each interaction at a provider and stores it as a bot does that then dies: the next one adopts all of them. Through `/film` it would
 * take longer than the whole bench, and each provider runs at most a thousand.
 */
export async function fillStore(interactions: readonly OpenInteraction[], { folder, providers, publicUrl }: FillContext): Promise<void> {
  const database = await openDatabase({ file: join(folder, 'rushes.db') })
  try {
    const stored: Generation[] = []
    for (let first = 0; first < interactions.length; first += atOnce) {
      const orders = interactions.slice(first, first + atOnce).map((interaction, index) => {
        const provider = providers[(first + index) % providers.length]
        if (!provider) throw new Error('there are no providers')
        return order(interaction, provider, publicUrl)
      })
      stored.push(...(await store(await Promise.all(orders), database)))
    }
    await storeWallets(stored, database)
  } finally {
    await database.close()
  }
}

async function order(interaction: OpenInteraction, provider: Provider, publicUrl: string) {
  const attemptId = createId(Date.now())
  const webhookToken = createSecret()
  const webhookUrl = `${publicUrl}/webhooks/${provider.id}/${webhookToken}`
  const operation = await provider.start(request, {}, { attemptId, webhookUrl, signal: AbortSignal.timeout(30_000) })
  return { interaction, provider, attemptId, webhookToken, operation }
}

/** Many in a statement: one by one as the bot does, with their checks, they would take half of the bench. */
async function store(orders: readonly Awaited<ReturnType<typeof order>>[], database: Database): Promise<Generation[]> {
  const now = Date.now()
  const keys = periodKeys(now)
  const periods = { day_key: keys.day, month_key: keys.month, installation_day_key: keys.day, installation_month_key: keys.month }
  const generations = orders.map(({ interaction, provider }): Generation => {
    return {
      ...interaction,
      ...{ id: createId(now), reference: createReference(), state: 'rendering', request, createdAt: now, captured: false },
      ...{ provider: provider.id, candidates: [provider.id], price: provider.price(request) },
      ...{ guildPeriods: keys, installationPeriods: keys, guildReleased: false },
    }
  })
  const rows = generations.map((generation) => ({ ...toRow(generation), owner: 'the process before', started_at: now }))
  const attempts = orders.map(({ provider, attemptId, webhookToken, operation }, index) => ({
    ...{ id: attemptId, generation_id: generations[index]?.id ?? '', take: 1, provider: provider.id, state: 'accepted' as const },
    ...{ webhook_token: webhookToken, images: '{}', sent_at: now, created_at: now },
    ...{ operation: operationColumn.stringify(operation), operation_id: operation.id },
  }))
  const reservations = generations.map(({ id, guildId, price }) => ({
    ...{ ...periods, generation_id: id, take: 1, kind: 'reserve' as const, amount: price, guild_id: guildId, created_at: now },
  }))
  await database.transaction(async (transaction) => {
    await transaction.insertInto('generations').values(rows).execute()
    await transaction.insertInto('attempts').values(attempts).execute()
    await transaction.insertInto('ledger').values(reservations).execute()
  })
  return generations
}

async function storeWallets(generations: readonly Generation[], { statements }: Database): Promise<void> {
  const reserved = new Map<string, number>()
  for (const generation of generations) {
    for (const wallet of walletsOf(generation)) {
      const key = JSON.stringify(wallet)
      reserved.set(key, (reserved.get(key) ?? 0) + generation.price)
    }
  }
  const wallets = [...reserved].map(([key, sum]) => ({ ...(JSON.parse(key) as ReturnType<typeof walletsOf>[0]), reserved: sum, spent: 0 }))
  await statements.insertInto('wallets').values(wallets).execute()
}
