import type { Migration } from 'kysely/migration'

import { type Dialect, first } from './0001-first.ts'
import { shared } from './0002-shared.ts'
import { standardNames } from './0003-standard-names.ts'
import { cancelledBy } from './0004-cancelled-by.ts'

/** Every migration in order; the name is what the database remembers. */
export function migrationsFor(dialect: Dialect): Record<string, Migration> {
  return { '0001-first': first(dialect), '0002-shared': shared, '0003-standard-names': standardNames, '0004-cancelled-by': cancelledBy }
}
