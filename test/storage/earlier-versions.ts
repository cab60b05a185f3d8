import { type Store, stores } from './stores.ts'

/** A version of which there are stores in test/fixtures/stores. */
export interface EarlierVersion {
  /** The number of its last migration, and the name of its files. */
  name: string
  /** What it has applied. */
  migrations: readonly string[]
  /** Its tables and their names today. */
  tables: Readonly<Record<string, string>>
  /** The column for when the requester was notified. */
  notifiedAt: string
  /** Its columns of times besides those that every version has, by table. */
  times?: Readonly<Record<string, readonly string[]>>
  /** The Runware task that its bot derived from the id of an attempt, whose create answer it lost. */
  lostTask: Readonly<Record<Store['name'], string>>
}

const sameTables = ['generations', 'attempts', 'wallets', 'ledger', 'webhook_events', 'keyv', 'workers']
const tables = Object.fromEntries(sameTables.map((table) => [table, table]))

/** Those of 0004, which later versions have as well. */
const upTo0004 = ['0001-first', '0002-shared', '0003-standard-names', '0004-cancelled-by']
const tablesOf0004 = { ...tables, provider_state: 'provider_state', images: 'images' }

const earlierVersions: readonly EarlierVersion[] = [
  {
    name: '0002',
    migrations: ['0001-first', '0002-shared'],
    tables: { ...tables, hosts: 'provider_state', frames: 'images' },
    notifiedAt: 'noticed_at',
    lostTask: { SQLite: '347cf6f0-cf8c-419b-b6ab-1ce25c6fa84d', PostgreSQL: 'db56546d-4209-4285-a51d-012e03e7bd5f' },
  },
  {
    name: '0004',
    migrations: upTo0004,
    tables: tablesOf0004,
    notifiedAt: 'notified_at',
    lostTask: { SQLite: 'f4424243-079b-4269-abb9-0d1d1461db6f', PostgreSQL: 'f6a40300-9f8b-4cd9-b6f1-d765b65c5d5c' },
  },
  {
    name: '0009',
    migrations: [...upTo0004, '0005-one-queue', '0006-provider-blocks', '0007-held-shares', '0008-delivery', '0009-retention'],
    tables: { ...tablesOf0004, queue_state: 'queue_state', queue_turns: 'queue_turns', generation_images: 'generation_images' },
    notifiedAt: 'notified_at',
    times: {
      generations: ['guild_released_at', 'erased_at', 'output_expires_at', 'notifying_until'],
      images: ['created_at'],
      provider_state: ['served_at'],
    },
    lostTask: { SQLite: '4e085253-b773-4229-8991-497e6b283fcc', PostgreSQL: 'f58c8dca-06d8-447d-8726-99489c538743' },
  },
]

/** For `describe.each`: every version on every kind of store. */
export const earlierStores = earlierVersions.flatMap((version) => stores.map((store) => ({ version, store })))

export function versionNamed(name: string): EarlierVersion {
  const version = earlierVersions.find((each) => each.name === name)
  if (!version) throw new Error(`there is no store of version ${name}`)
  return version
}

/** How each unfinished generation of an earlier store must end, by its prompt. */
export const outcomes: Record<string, string> = {
  'held for good': 'held',
  'held and decided': 'failed',
  'held as overdue': 'held',
  'held as its cancel is not confirmed': 'held',
  'held with a late response': 'done',
  'failed and not notified': 'failed',
  'rendering at fal': 'done',
  'rendering with a cancel request': 'cancelled',
  'rendering at Replicate': 'done',
  'rendering between two images': 'done',
  'rendering at Runware': 'done',
  'rendering at Eachlabs': 'done',
  'being delivered': 'done',
  'announced by a webhook': 'done',
  'lost at fal': 'held',
  'lost at Replicate': 'done',
  'lost at Runware': 'done',
  'on its way to fal': 'done',
  'waiting, the first': 'done',
  'waiting, from two images': 'done',
  'waiting for fal': 'done',
  'cancelled and not notified': 'cancelled',
}

/** The operator's decision on each that is still held then, and its ledger: after an hour without a sign of a job the server has its share back. */
export const decisions: Record<string, { decision: 'free' | 'billed'; ledger: string }> = {
  'held for good': { decision: 'billed', ledger: 'reserve hold release-guild capture-installation' },
  'held as overdue': { decision: 'free', ledger: 'reserve hold release' },
  'held as its cancel is not confirmed': { decision: 'free', ledger: 'reserve hold release' },
  'lost at fal': { decision: 'free', ledger: 'reserve hold release-guild release-installation' },
}
