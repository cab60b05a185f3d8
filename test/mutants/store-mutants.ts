import type { Mutant } from './mutant.ts'

/** Mutants of what the store promises: fences, locks, what is kept and what is erased. */
export const storeMutants: readonly Mutant[] = [
  {
    name: 'let a former owner change an attempt',
    file: 'src/generations/store/attempts.ts',
    in: 'updateOwn',
    at: 'CallExpression[callee.name="asOwner"]',
    with: 'database.transaction({{arguments.2}})',
    test: 'test/generations/worker/worker.test.ts',
    title: 'leaves a request to its new owner',
  },
  {
    name: 'lock the name of the file instead of the file',
    file: 'src/storage/database.ts',
    in: 'openFile',
    at: 'CallExpression[callee.name="realFile"]',
    with: '{{arguments.0}}',
    test: 'test/storage/database.test.ts',
    title: 'is locked under all its names',
  },
  {
    name: 'erase what a held generation needs',
    file: 'src/generations/store/erase.ts',
    in: 'over',
    at: 'Literal[value="done"]',
    with: "'done', 'held'",
    test: 'test/generations/worker/retention.test.ts',
    title: 'until it is settled',
  },
  {
    name: 'lock the wallets before the images are stored',
    file: 'src/generations/queue/enqueue.ts',
    in: 'enqueueOnce',
    at: 'ForOfStatement',
    with: `if (images.length > 0)
    return database.transaction(async (transaction) => {
      await reserve(transaction, generation, { ...budgets, now, timeZone })
      for (const image of images) await storeImage(transaction, image, now)
      return generation
    })`,
    test: 'test/generations/queue/slow-line.test.ts',
    title: 'request is accepted and the heartbeat arrives',
  },
  {
    name: 'send images over the connections of everything else',
    file: 'src/generations/queue/enqueue.ts',
    in: 'enqueueOnce',
    at: 'ForOfStatement MemberExpression[property.name="imageStatements"]',
    with: 'database.statements',
    test: 'test/generations/queue/slow-line.test.ts',
    title: 'request is accepted and the heartbeat arrives',
  },
  {
    name: 'lose the rows of held generations when the ledger is rebuilt',
    file: 'src/storage/migrations/0007-held-shares.ts',
    in: 'rebuildLedger',
    at: 'TaggedTemplateExpression > TemplateLiteral',
    with: "`insert into new_ledger select * from ledger where kind <> 'hold'`",
    test: 'test/storage/upgrade.test.ts',
    title: 'keeps every row',
  },
]
