import { it } from 'vitest'

import { hasPostgres } from '../storage/stores.ts'
import { expectNothingLost } from './expect-nothing-lost.ts'

it.skipIf(!hasPostgres)(
  'two bots on PostgreSQL that are killed again and again lose nothing and pay nothing twice',
  () => expectNothingLost(['--store', 'postgres', '--workers', '2']),
  900_000,
)
