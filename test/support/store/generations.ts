import type { ProviderId } from '../../../src/domain/provider-id.ts'
import type { Budgets } from '../../../src/config/config.ts'
import { createId, createReference } from '../../../src/domain/ids.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { insertGenerations } from '../../../src/generations/store/generations.ts'
import { reserve } from '../../../src/billing/ledger.ts'
import { periodKeys } from '../../../src/billing/periods.ts'
import type { Database } from '../../../src/storage/database.ts'

export const plenty: Budgets = { day: 1_000_000_000, month: 1_000_000_000 }

export interface Wanted {
  guildId?: string
  memberId?: string
  provider?: ProviderId
  candidates?: ProviderId[]
  price?: number
  now?: number
  installation?: Budgets
  guild?: Budgets
  /** The guild's, for when its budgets reset. */
  timeZone?: string
}

let counter = 0

/** Accepts a generation the way the clip service does: reservation and row in one transaction. */
export async function acceptGeneration(database: Database, wanted: Wanted = {}): Promise<Generation> {
  const now = wanted.now ?? Date.now()
  counter += 1
  const generation: Generation = {
    // Ids are ordered by time; within a test the counter keeps the order of asking.
    id: createId(now).slice(0, 12) + String(counter).padStart(20, '0'),
    state: 'queued',
    request: { prompt: 'a boat at dawn', durationSeconds: 5 },
    provider: wanted.provider ?? 'fal',
    candidates: wanted.candidates ?? [wanted.provider ?? 'fal'],
    price: wanted.price ?? 350_000,
    memberId: wanted.memberId ?? '400000000000000001',
    guildId: wanted.guildId ?? '200000000000000001',
    channelId: '300000000000000001',
    reply: {
      applicationId: '100000000000000001',
      interactionId: `5000000000000${String(counter).padStart(5, '0')}`,
      token: `token-${counter}`,
      attachmentSizeLimit: 10_485_760,
      locale: 'en-US',
    },
    guildPeriods: periodKeys(now),
    installationPeriods: periodKeys(now),
    createdAt: now,
    captured: false,
    guildReleased: false,
    reference: createReference(),
  }
  await database.transaction(async (transaction) => {
    await insertGenerations(transaction, [generation])
    const { installation = plenty, guild = plenty, timeZone } = wanted
    await reserve(transaction, [{ reservation: generation, installation, guild, now, timeZone }])
  })
  return generation
}

export interface WalletSums {
  reserved: number
  spent: number
}

/** Sums of one scope's wallets of one period. */
export async function walletOf(
  database: Database,
  scope: 'installation' | 'guild',
  period: 'day' | 'month',
  ownerId?: string,
): Promise<WalletSums> {
  const rows = await database.statements.selectFrom('wallets').selectAll().where('scope', '=', scope).where('period', '=', period).execute()
  const own = rows.filter((row) => ownerId === undefined || row.owner_id === ownerId)
  return { reserved: own.reduce((sum, row) => sum + row.reserved, 0), spent: own.reduce((sum, row) => sum + row.spent, 0) }
}
