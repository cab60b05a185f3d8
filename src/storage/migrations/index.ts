import type { Migration } from 'kysely/migration'

import * as first from './0001-first.ts'

/** Every migration in order; the name is what the database remembers. */
export const migrations: Record<string, Migration> = { '0001-first': first }
