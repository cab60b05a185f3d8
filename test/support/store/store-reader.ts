import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { z } from 'zod'

const StoredGeneration = z.object({
  id: z.string(),
  state: z.string(),
  interactionId: z.string(),
  endReason: z.string().nullable(),
  reference: z.string(),
  attempts: z.number(),
  /** Kinds of its ledger rows in order, for instance `reserve capture`. */
  ledger: z.string(),
})
export type StoredGeneration = z.infer<typeof StoredGeneration>

/** The bot's generations, oldest first, read through a separate connection; the bot may be running. */
export function readGenerations({ dataFolder }: { dataFolder: string }): StoredGeneration[] {
  const rows = readRows(
    dataFolder,
    `select id, state, interaction_id as interactionId, end_reason as endReason, reference,
       (select count(*) from attempts where generation_id = generations.id) as attempts,
       coalesce((select group_concat(kind, ' ') from (select kind from ledger where generation_id = generations.id order by sequence)), '') as ledger
     from generations order by created_at, id`,
  )
  return z.array(StoredGeneration).parse(rows)
}

/** The only generation of this interaction. */
export function readGeneration(sandbox: { dataFolder: string }, { id }: { id: string }): StoredGeneration {
  const found = readGenerations(sandbox).filter(({ interactionId }) => interactionId === id)
  if (!found[0] || found.length > 1) throw new Error(`${found.length} generations belong to one interaction`)
  return found[0]
}

/** When it was stored that the requester of this interaction was notified; undefined if it was not. */
export function readNotifiedAt({ dataFolder }: { dataFolder: string }, { id }: { id: string }): number | undefined {
  const rows = z
    .array(z.object({ interactionId: z.string(), notifiedAt: z.number().nullable() }))
    .parse(readRows(dataFolder, 'select interaction_id as interactionId, notified_at as notifiedAt from generations'))
  return rows.find(({ interactionId }) => interactionId === id)?.notifiedAt ?? undefined
}

/** How many rows a table holds. */
export function countRows({ dataFolder }: { dataFolder: string }, table: 'generations' | 'attempts' | 'ledger' | 'images'): number {
  return z.array(z.object({ rows: z.number() })).parse(readRows(dataFolder, `select count(*) as rows from ${table}`))[0]?.rows ?? 0
}

/** The hashes of the stored images. */
export function readImageHashes({ dataFolder }: { dataFolder: string }): string[] {
  const rows = readRows(dataFolder, 'select sha256 from images')
  return z
    .array(z.object({ sha256: z.string() }))
    .parse(rows)
    .map(({ sha256 }) => sha256)
}

/** What a guild, or with an empty owner the installation, has reserved and spent today, in micro-dollars. */
export function readDayWallet({ dataFolder }: { dataFolder: string }, ownerId = ''): { reserved: number; spent: number } {
  const database = new SQLite(join(dataFolder, 'rushes.db'), { readonly: true })
  try {
    const row = database
      .prepare(
        `select coalesce(sum(reserved), 0) as reserved, coalesce(sum(spent), 0) as spent from wallets where period = 'day' and owner_id = ?`,
      )
      .get(ownerId)
    return z.object({ reserved: z.number(), spent: z.number() }).parse(row)
  } finally {
    database.close()
  }
}

/** The amounts of all ledger rows of a kind, in micro-dollars. */
export function sumOfLedger({ dataFolder }: { dataFolder: string }, kind: 'refund' | 'difference'): number {
  const rows = readRows(dataFolder, `select coalesce(sum(amount), 0) as total from ledger where kind = '${kind}'`)
  return z.array(z.object({ total: z.number() })).parse(rows)[0]?.total ?? 0
}

function readRows(dataFolder: string, statement: string): unknown[] {
  const database = new SQLite(join(dataFolder, 'rushes.db'), { readonly: true })
  try {
    return database.prepare(statement).all()
  } finally {
    database.close()
  }
}

const StoredAttempt = z.object({
  provider: z.string(),
  state: z.string(),
  /** The reason of a refusal or failure. */
  endReason: z.string().nullable(),
  /** What the provider reported as billed, in micro-dollars. */
  providerCost: z.number().nullable(),
  /** What it printed, where that was not believed. */
  implausibleCost: z.string().nullable(),
  webhookToken: z.string(),
  operationId: z.string().nullable(),
})
export type StoredAttempt = z.infer<typeof StoredAttempt>

/** All attempts, oldest first. */
export function readAttempts({ dataFolder }: { dataFolder: string }): StoredAttempt[] {
  return z.array(StoredAttempt).parse(
    readRows(
      dataFolder,
      `select provider, state, end_reason as endReason, provider_cost as providerCost,
         implausible_cost as implausibleCost, webhook_token as webhookToken, operation_id as operationId
       from attempts order by created_at, id`,
    ),
  )
}
