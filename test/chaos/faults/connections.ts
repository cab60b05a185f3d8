import { setTimeout as wait } from 'node:timers/promises'

import pg from 'pg'
import { z } from 'zod'

import { pick, type Random } from '../shared/random.ts'

const Backends = z.array(z.object({ pid: z.number() }))

/**
 * Breaks one, half or all connections of the bots to their PostgreSQL database, from the server's side. Resolves with their number once the server has
 * ended what they were doing.
 */
export async function breakConnections(url: string, random: Random): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const all = await backends(client)
    const count = pick([1, Math.ceil(all.length / 2), all.length], random)
    const chosen = all
      .map((pid) => ({ pid, order: random() }))
      .sort((left, right) => left.order - right.order)
      .slice(0, count)
      .map(({ pid }) => pid)
    await client.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [chosen])
    for (let alive = chosen; alive.length > 0;) {
      await wait(5)
      const all = await backends(client)
      alive = chosen.filter((pid) => all.includes(pid))
    }
    return chosen.length
  } finally {
    await client.end()
  }
}

async function backends(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query(
    `select pid from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' order by pid`,
  )
  return Backends.parse(rows).map(({ pid }) => pid)
}
