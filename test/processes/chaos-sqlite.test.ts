import { it } from 'vitest'

import { expectNothingLost } from './expect-nothing-lost.ts'

it(
  'a bot on SQLite that is killed again and again loses nothing and pays nothing twice',
  () => expectNothingLost(['--store', 'sqlite']),
  900_000,
)
