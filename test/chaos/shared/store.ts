import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import pg from 'pg'
import { z } from 'zod'

const amount = z.coerce.number().int()
const Generation = z.object({
  id: z.string(),
  state: z.string(),
  interactionId: z.string(),
  owner: z.string().nullable(),
  provider: z.string(),
  price: amount,
  /** Its messages contain it. */
  reference: z.string(),
  /** Why it ended without a clip. */
  endReason: z.string().nullable(),
})
const Attempt = z.object({ id: z.string(), generationId: z.string(), state: z.string(), operationId: z.string().nullable() })
const Wallet = z.object({
  scope: z.string(),
  ownerId: z.string(),
  period: z.string(),
  periodKey: z.string(),
  spent: amount,
  reserved: amount,
})
const LedgerRow = z.object({
  generationId: z.string(),
  kind: z.string(),
  amount,
  guildId: z.string(),
  day: z.string(),
  month: z.string(),
  installationDay: z.string(),
  installationMonth: z.string(),
  /** Milliseconds since the epoch, by the bot's clock. */
  createdAt: amount,
})
export type LedgerRow = z.infer<typeof LedgerRow>

const Owner = z.object({ id: z.string() })

/** The bot's rows. */
export interface Contents {
  generations: z.infer<typeof Generation>[]
  attempts: z.infer<typeof Attempt>[]
  wallets: z.infer<typeof Wallet>[]
  /** In the order of writing. */
  ledger: LedgerRow[]
  /** The owner names of live workers, if several share the store. */
  owners: string[]
}

/** The bot's store, read from outside. */
export interface Store {
  /** The bot's variables for it. */
  readonly environment: Record<string, string>
  read(): Promise<Contents>
  /** The same, after what a process that was ended had sent is written: the server may still commit it. */
  readSettled(): Promise<Contents>
  /** Changes rows beside the running bots. */
  write(statement: string): Promise<void>
  remove(): Promise<void>
}

export function openSqliteStore(folder: string): Store {
  const read = async () => {
    const database = new SQLite(join(folder, 'rushes.db'), { readonly: true })
    try {
      return await readContents((statement) => Promise.resolve(database.prepare(statement).all()))
    } finally {
      database.close()
    }
  }
  return {
    environment: { DATA_DIR: folder },
    read,
    // Its transactions ended with the process.
    readSettled: read,
    write: (statement) => {
      const database = new SQLite(join(folder, 'rushes.db'), { timeout: 5000 })
      try {
        database.prepare(statement).run()
        return Promise.resolve()
      } finally {
        database.close()
      }
    },
    remove: () => Promise.resolve(),
  }
}

/** A new database on a PostgreSQL server, dropped by `remove`. */
export async function createPostgresStore(server: string): Promise<Store> {
  const name = `rushes_chaos_${randomBytes(6).toString('hex')}`
  await withClient(server, (client) => client.query(`create database ${name}`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    ...openPostgresStore(url.href),
    remove: () =>
      withClient(server, async (client) => {
        await client.query(`drop database ${name} with (force)`)
      }),
  }
}

/** An existing database, which `remove` leaves alone. */
export function openPostgresStore(url: string): Store {
  return {
    environment: { DATABASE_URL: url },
    read: () => withClient(url, (client) => readContents(async (statement) => (await client.query(statement)).rows as unknown[])),
    readSettled: () =>
      withClient(url, async (client) => {
        await client.query('begin')
        // Waits for every transaction that has changed an attempt. One table only: nothing else is locked here, so there is no deadlock.
        await client.query('lock table attempts in share mode')
        const contents = await readContents(async (statement) => (await client.query(statement)).rows as unknown[])
        await client.query('commit')
        return contents
      }),
    write: (statement) =>
      withClient(url, async (client) => {
        await client.query(statement)
      }),
    remove: () => Promise.resolve(),
  }
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function readContents(query: (statement: string) => Promise<unknown[]>): Promise<Contents> {
  return {
    generations: z
      .array(Generation)
      .parse(
        await query(
          'select id, state, interaction_id as "interactionId", owner, provider, price, reference, end_reason as "endReason" from generations',
        ),
      ),
    attempts: z
      .array(Attempt)
      .parse(await query('select id, generation_id as "generationId", state, operation_id as "operationId" from attempts')),
    wallets: z
      .array(Wallet)
      .parse(await query('select scope, owner_id as "ownerId", period, period_key as "periodKey", spent, reserved from wallets')),
    ledger: z.array(LedgerRow).parse(
      await query(`select generation_id as "generationId", kind, amount, guild_id as "guildId", day_key as day, month_key as month,
        installation_day_key as "installationDay", installation_month_key as "installationMonth", created_at as "createdAt"
        from ledger order by sequence`),
    ),
    owners: z
      .array(Owner)
      .parse(await query('select id from workers'))
      .map(({ id }) => id),
  }
}
