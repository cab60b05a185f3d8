import type { Client } from 'pg'

/** The server's process behind a connection. Process ids are reused, so its start time identifies it. */
export interface Backend {
  pid: number
  startedAt: string
}

/** The holder of a lock, as the server sees it. */
export interface LockHolder {
  /** Milliseconds since its connection was last used; infinite if the lock is free by now. */
  idleMs: number
  /** For a shared lock: its value. */
  value?: number
}

export async function backendOf(connection: Client): Promise<Backend> {
  const { rows } = await connection.query<Backend>(
    `select pid, extract(epoch from backend_start)::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()`,
  )
  const [backend] = rows
  if (!backend) throw new Error('the PostgreSQL server does not show its own process')
  return backend
}

/** Ends backends of ours that outlived their connection: if only our side broke, the server keeps their locks until it notices. */
export async function endBackends(connection: Client, backends: readonly Backend[]): Promise<void> {
  for (const { pid, startedAt } of backends) {
    await connection.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid = $1 and extract(epoch from backend_start)::text = $2 and usename = current_user and pid <> pg_backend_pid()`,
      [pid, startedAt],
    )
  }
}

/** Locks a name for this connection alone, or returns its holder. */
export async function lockExclusive(connection: Client, name: string): Promise<LockHolder | undefined> {
  const key = `hashtextextended(${ownName}, 0)`
  const { rows } = await connection.query<{ taken: boolean }>(`select pg_try_advisory_lock(${key}) as taken`, [name])
  if (rows[0]?.taken) return undefined
  const [holder] = await holders(connection, `objsubid = 1 and ((classid::bigint << 32) | objid::bigint) = ${key}`, [name])
  return { idleMs: holder?.idleMs ?? Infinity }
}

/** Locks a name that many may hold with the same value, or returns a holder with another value. */
export async function lockShared(connection: Client, name: string, value: number): Promise<LockHolder | undefined> {
  const others = `objsubid = 2 and classid = hashtext(${ownName})::oid and objid <> $2::int4::oid`
  const [holder] = await holders(connection, others, [name, value])
  if (holder) return holder
  await connection.query(`select pg_advisory_lock_shared(hashtext(${ownName}), $2::int4)`, [name, value])
  // Two processes that locked at the same moment see each other now. Both release, so that they cannot wait for each other.
  const [holderByNow] = await holders(connection, others, [name, value])
  if (holderByNow) await connection.query(`select pg_advisory_unlock_shared(hashtext(${ownName}), $2::int4)`, [name, value])
  return holderByNow
}

/** Advisory locks belong to the whole database; the schema separates installations. */
const ownName = `'rushes/' || current_schema() || '/' || $1`

/** The most recently active holder first. */
async function holders(connection: Client, which: string, values: unknown[]): Promise<Required<LockHolder>[]> {
  // The activity of another user's connection is hidden; it counts as active just now.
  const { rows } = await connection.query<Required<LockHolder>>(
    `select objid::int4 as value, coalesce(extract(epoch from clock_timestamp() - state_change) * 1000, 0)::float8 as "idleMs"
     from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and pid <> pg_backend_pid()
     and pg_locks.database = (select oid from pg_database where datname = current_database()) and ${which}
     order by 2`,
    values,
  )
  return rows
}
