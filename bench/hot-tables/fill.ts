import SQLite from 'better-sqlite3'
import pg from 'pg'

import { firstSnowflake } from '../shared/core.ts'

export interface Size {
  /** Generations that are over, each with an attempt. */
  finished: number
  /** Queued generations of the last minutes. */
  waiting: number
}

export const guilds = 200
export const membersPerGuild = 10
export const runningPerProvider = 10
const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs']
const held = 20

/** What the two databases write differently. */
interface Dialect {
  /** A table `numbers` with a column `i` from 1. */
  numbers: (count: number) => string
  hex: (expression: string) => string
  padded: (expression: string) => string
}

const sqlite: Dialect = {
  numbers: (count) => `with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < ${count})`,
  hex: (expression) => `printf('%012x', ${expression})`,
  padded: (expression) => `printf('%020d', ${expression})`,
}
const postgres: Dialect = {
  numbers: (count) => `with numbers(i) as (select generate_series(1::bigint, ${count}))`,
  hex: (expression) => `lpad(to_hex(${expression}), 12, '0')`,
  padded: (expression) => `lpad(cast(${expression} as text), 20, '0')`,
}

/** Fills a migrated SQLite file, without waiting for the disk. */
export function fillSqlite(file: string, size: Size, options: FillOptions): void {
  const database = new SQLite(file)
  try {
    for (const pragma of ['synchronous = off', 'foreign_keys = off', 'cache_size = -500000']) database.pragma(pragma)
    database.exec(['begin', ...statementsFor(sqlite, size, options), 'commit'].join(';\n'))
    database.pragma('wal_checkpoint(truncate)')
  } finally {
    database.close()
  }
}

/** Fills a migrated database on the server, which then has the statistics that its autovacuum would have. */
export async function fillPostgres(url: string, size: Size, options: FillOptions): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // Foreign keys are checked row by row, which takes longer than everything else.
    await client.query('set synchronous_commit = off; set session_replication_role = replica; set max_parallel_workers_per_gather = 0')
    await client.query(['begin', ...statementsFor(postgres, size, options), 'commit'].join(';\n'))
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

export interface FillOptions {
  /** Owns what is running. */
  owner: string
  now: number
}

const minute = 60_000
const day = 24 * 60 * minute
const historyMs = 300 * day

function statementsFor(dialect: Dialect, { finished, waiting }: Size, { owner, now }: FillOptions): string[] {
  const generation = createGenerationWriter(dialect)
  const finishedAt = `${now - historyMs} + i * ${Math.floor((historyMs - 60 * minute) / finished)}`
  const ended = `(${finishedAt}) + 180000`
  const over = {
    ...{ kind: 1, count: finished, createdAt: finishedAt, endedAt: ended },
    state: `case when i % 100 < 93 then 'done' when i % 100 < 97 then 'failed' else 'cancelled' end`,
    captured: 'case when i % 100 < 93 then 1 else 0 end',
    // A clip that came quickly notifies nobody.
    notifiedAt: `case when i % 100 < 93 and i % 2 = 0 then null else ${ended} end`,
    erasedAt: `case when ${ended} < ${now - 30 * day} then ${ended} + ${30 * day} end`,
  }
  const heldAt = `${now} - i * ${minute}`
  const stuck = { kind: 2, count: held, createdAt: heldAt, endedAt: heldAt, state: `'held'`, notifiedAt: heldAt, releasedAt: heldAt }
  const running = {
    ...{ kind: 3, count: runningPerProvider * providers.length, createdAt: `${now} - i * 1000`, state: `'rendering'`, owner: `'${owner}'` },
    token: `'token'`,
  }
  const queued = {
    ...{ kind: 4, count: waiting, state: `'queued'`, token: `'token'` },
    createdAt: `${now - 15 * minute} + i * ${Math.floor((15 * minute) / waiting)}`,
  }
  // In the order of their index, which is then written once from left to right.
  const number = ({ kind }: GenerationRows) => dialect.padded(`${kind}000000000 + i`)
  const attempt = (rows: GenerationRows, state: string) => `insert into attempts
    (id, generation_id, take, provider, state, sent_at, operation, operation_id, webhook_token, created_at, ended_at)
    ${dialect.numbers(rows.count)} select ${idOf(dialect, rows)}, ${idOf(dialect, rows)}, 1, ${providerOf}, ${state}, ${rows.createdAt},
    '{"id":"job-' || ${number(rows)} || '"}', 'job-' || ${number(rows)}, 'token-' || ${number(rows)}, ${rows.createdAt}, ${rows.endedAt ?? 'null'} from numbers`
  const ledger = (rows: GenerationRows, kind: string, after = 0) => `insert into ledger
    (generation_id, take, kind, amount, guild_id, day_key, month_key, installation_day_key, installation_month_key, created_at)
    ${dialect.numbers(rows.count)} select ${idOf(dialect, rows)}, 1, ${kind}, 350000, ${guildOf}, ${periods}, ${periods}, ${rows.createdAt} from numbers where i > ${after}`
  return [
    ...[over, stuck, running, queued].map(generation),
    attempt(over, `case when i % 100 < 93 then 'completed' else 'failed' end`),
    attempt(stuck, `'unknown'`),
    attempt(running, `'accepted'`),
    ...[stuck, running, queued].map((rows) => ledger(rows, `'reserve'`)),
    // The ledger is read by its generation only, so the rows of the latest tenth will do.
    ledger(over, `'reserve'`, finished * 0.9),
    ledger(over, `case when i % 100 < 93 then 'capture' else 'release' end`, finished * 0.9),
    `insert into queue_turns (guild_id, member_id, last_served) ${dialect.numbers(guilds)} select ${guildOf}, '', i from numbers`,
    `insert into queue_turns (guild_id, member_id, last_served) ${dialect.numbers(guilds * membersPerGuild)}
      select ${guildOf}, ${memberOf}, i from numbers`,
  ]
}

/** The rows of one kind; the rest are SQL expressions over `i`. */
interface GenerationRows {
  kind: number
  count: number
  createdAt: string
  state: string
  endedAt?: string
  owner?: string
  token?: string
  captured?: string
  notifiedAt?: string
  erasedAt?: string
  releasedAt?: string
}

const guildOf = `cast(${firstSnowflake} + i % ${guilds} as text)`
const memberOf = `cast(${firstSnowflake} + (i % ${guilds}) * 1000 + (i / ${guilds}) % ${membersPerGuild} as text)`
const providerOf = `case i % 5 ${providers.map((id, index) => `when ${index} then '${id}'`).join(' ')} end`
const periods = `'2026-01-01', '2026-01'`
const all = JSON.stringify(providers)
const two = JSON.stringify(providers.slice(0, 2))

const idOf = ({ hex, padded }: Dialect, { kind, createdAt }: GenerationRows) => `${hex(createdAt)} || ${padded(`${kind}000000000 + i`)}`

function createGenerationWriter(dialect: Dialect): (rows: GenerationRows) => string {
  return (rows) => {
    const {
      endedAt = 'null',
      owner = 'null',
      token = `''`,
      captured = '0',
      notifiedAt = 'null',
      erasedAt = 'null',
      releasedAt = 'null',
    } = rows
    const columns = {
      ...{ id: idOf(dialect, rows), state: rows.state, owner, provider: providerOf },
      candidates: `case when i % 4 = 0 then '${two}' else '${all}' end`,
      ...{ request: `'{"prompt":"a paper boat on a rainy street","durationSeconds":5}'`, price: '350000' },
      ...{ member_id: memberOf, guild_id: guildOf, channel_id: guildOf, application_id: `'1'`, locale: `'en-US'` },
      ...{
        interaction_id: dialect.padded(`${rows.kind}000000000 + i`),
        interaction_token: token,
        attachment_size_limit: '10485760',
        message_id: 'cast(i as text)',
      },
      ...{ day_key: `'2026-01-01'`, month_key: `'2026-01'`, installation_day_key: `'2026-01-01'`, installation_month_key: `'2026-01'` },
      ...{ created_at: rows.createdAt, started_at: rows.createdAt, ended_at: endedAt, captured, erased_at: erasedAt },
      ...{ reference: `'R' || i`, notified_at: notifiedAt, guild_released_at: releasedAt },
    }
    return `insert into generations (${Object.keys(columns).join(', ')}) ${dialect.numbers(rows.count)} select ${Object.values(columns).join(', ')} from numbers`
  }
}
