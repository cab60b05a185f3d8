import { randomBytes } from 'node:crypto'

import { Client } from 'pg'

import { administer, templates, urlOf } from './templates.ts'

/** Everything that a test could change of a database besides its rows, one line each. Statistics count too: they change how statements run. */
const describeShape = `
  select coalesce(string_agg(line, e'\\n' order by line), '') as shape from (
    select concat_ws(' ', 'relation', c.relname, c.relkind, c.relrowsecurity, c.relacl, c.reloptions) as line
      from pg_class c where c.relnamespace = 'public'::regnamespace
    union all select concat_ws(' ', 'column', a.attrelid::regclass, a.attname, a.atttypid::regtype, a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
      where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
    union all select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
      where connamespace = 'public'::regnamespace
    union all select concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.relnamespace = 'public'::regnamespace
    union all select concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(oid), tgenabled) from pg_trigger where not tgisinternal
    union all select concat_ws(' ', 'function', proname, md5(prosrc)) from pg_proc where pronamespace = 'public'::regnamespace
    union all select concat_ws(' ', 'schema', nspname, nspacl) from pg_namespace where nspname !~ '^pg_'
    union all select concat_ws(' ', 'setting', s.setconfig) from pg_db_role_setting s join pg_database b on b.oid = s.setdatabase
      where b.datname = current_database()
    union all select concat_ws(' ', 'statistics', s.starelid::regclass) from pg_statistic s join pg_class c on c.oid = s.starelid
      where c.relnamespace = 'public'::regnamespace
  ) lines`

const endOtherSessions = `
  select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`

/** What a new database looks like. */
interface Original {
  shape: string
  tables: { name: string; rows: string }[]
}

let original: Promise<Original> | undefined
const free: string[] = []

/** The name of a database with the tables of this version and the rows of a new one: one that an earlier test gave back, or a new one. */
export async function takeDatabase(): Promise<string> {
  return free.pop() ?? (await createDatabase())
}

async function createDatabase(): Promise<string> {
  const { database } = templates()
  // The run drops what begins with the name of its template.
  const name = `${database}_${randomBytes(6).toString('hex')}`
  await administer(`create database ${name} template ${database}`)
  original ??= within(name, readOriginal)
  await original
  return name
}

/**
 * Restores the database for the next test. To drop it would make the server write all it has to the disk, which took longer than most tests; so only one
 * whose shape a test changed is dropped.
 */
export async function giveBack(name: string): Promise<void> {
  const { shape, tables } = await (original ?? Promise.reject(new Error(`${name} was not taken`)))
  const isRestored = await within(name, async (client) => {
    await client.query(endOtherSessions)
    if ((await readShape(client)) !== shape) return false
    await client.query(restore(tables))
    return true
  })
  if (isRestored) free.push(name)
  else await administer(`drop database ${name} with (force)`)
}

async function readOriginal(client: Client): Promise<Original> {
  const named = await client.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public'`)
  const tables = []
  for (const { name } of named.rows) {
    const { rows } = await client.query<{ rows: string }>(`select coalesce(json_agg(t), '[]')::text as rows from "${name}" t`)
    tables.push({ name, rows: rows[0]?.rows ?? '[]' })
  }
  return { shape: await readShape(client), tables }
}

async function readShape(client: Client): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(describeShape)
  return rows[0]?.shape ?? ''
}

/** Foreign keys are not checked meanwhile, so the tables come in any order. Sequences begin anew. */
function restore(tables: Original['tables']): string {
  const statements = tables.flatMap(({ name, rows }) => [
    `delete from "${name}"`,
    ...(rows === '[]'
      ? []
      : [`insert into "${name}" select * from json_populate_recordset(null::"${name}", '${rows.replaceAll("'", "''")}')`]),
  ])
  const sequences = `select setval(seqrelid::regclass, seqstart, false) from pg_sequence`
  return ['begin', 'set local session_replication_role = replica', ...statements, sequences, 'commit'].join(';')
}

async function within<Result>(database: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: urlOf(database) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
