import type { Client } from 'pg'

/** The server's process behind a connection. Numbers are used again, so its start belongs to it. */
export interface Backend {
  pid: number
  startedAt: string
}

/** Whoever holds what was asked for, as the server sees them. */
export interface Rival {
  /** Milliseconds since their connection was last used; infinite where nobody holds it any more. */
  silentMs: number
  /** What they hold the common name with. */
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

/** Ends backends of ours that outlived their connection: where only our half of it broke, the server would keep their locks until it notices. */
export async function endBackends(connection: Client, backends: readonly Backend[]): Promise<void> {
  for (const { pid, startedAt } of backends) {
    await connection.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid = $1 and extract(epoch from backend_start)::text = $2 and usename = current_user and pid <> pg_backend_pid()`,
      [pid, startedAt],
    )
  }
}

/** Takes a name for this connection alone, or tells who has it. */
export async function lockName(connection: Client, name: string): Promise<Rival | undefined> {
  const { rows } = await connection.query<{ taken: boolean }>(`select pg_try_advisory_lock(hashtextextended(${ownName}, 0)) as taken`, [
    name,
  ])
  if (rows[0]?.taken) return undefined
  const holder = `objsubid = 1 and ((classid::bigint << 32) | objid::bigint) = hashtextextended(${ownName}, 0)`
  const [rival] = await rivals(connection, holder, [name])
  return { silentMs: rival?.silentMs ?? Infinity }
}

/** Takes a name that many may hold together, as long as all hold it with the same value; or tells who holds it with another one. */
export async function lockTogether(connection: Client, name: string, value: number): Promise<Rival | undefined> {
  const others = `objsubid = 2 and classid = hashtext(${ownName})::oid and objid <> $2::int4::oid`
  const [rival] = await rivals(connection, others, [name, value])
  if (rival) return rival
  await connection.query(`select pg_advisory_lock_shared(hashtext(${ownName}), $2::int4)`, [name, value])
  // Two that came at the same moment see each other now. Whoever only waits holds nothing, or two of them could wait for each other.
  const [rivalByNow] = await rivals(connection, others, [name, value])
  if (rivalByNow) await connection.query(`select pg_advisory_unlock_shared(hashtext(${ownName}), $2::int4)`, [name, value])
  return rivalByNow
}

/** Names are the whole database's; those of one installation are told apart by where its tables stand. */
const ownName = `'rushes/' || current_schema() || '/' || $1`

/** Those heard of last come first. */
async function rivals(connection: Client, which: string, values: unknown[]): Promise<Required<Rival>[]> {
  // What another user's connection does is not shown; then it counts as used just now.
  const { rows } = await connection.query<Required<Rival>>(
    `select objid::int4 as value, coalesce(extract(epoch from clock_timestamp() - state_change) * 1000, 0)::float8 as "silentMs"
     from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and pid <> pg_backend_pid()
     and pg_locks.database = (select oid from pg_database where datname = current_database()) and ${which}
     order by 2`,
    values,
  )
  return rows
}
