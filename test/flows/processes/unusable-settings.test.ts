import { existsSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { startProcess } from '../../support/bot/process.ts'
import { temporaryFolder } from '../../support/store/database.ts'

const complete = { DISCORD_TOKEN: 'a-token-that-nobody-has-given-out', FAL_KEY: 'a-key' }

const run = (words: string[], environment: Record<string, string> = {}) =>
  startProcess('start.mjs', words, { environment: { ...complete, ...environment }, folder: temporaryFolder() }).ended

describe('a start that cannot succeed ends with one sentence', () => {
  // Node's own function that creates folders never returned here.
  it.skipIf(!existsSync('/proc/self'))('on a DATA_DIR that the system does not allow to exist', async () => {
    const { code, output } = await run([], { DATA_DIR: '/proc/rushes/data' })
    expect(code).toBe(1)
    expect(output).toBe(
      'Rushes cannot start: the database file /proc/rushes/data/rushes.db cannot be used (ENOENT): ' +
        'its folder cannot be created there; create the folder, or set DATA_DIR to another folder\n',
    )
  })

  it.each([
    [['--held', 'a1b2', 'perhaps'], /^The decision is `free` or `billed`: run `npm run held -- REFERENCE free`/],
    [['--held', 'a1b2'], /^Name one request and its decision: run /],
    [['--held', '--everything'], /^Unknown option '--everything': run /],
    [['--held', 'free', '--all'], /^`--all` needs `--before` with the time that `npm run held` prints: run /],
    [['--ledger', 'correct', 'a1b2', 'much'], /^The amount is dollars .*: run `npm run ledger -- correct /],
    [['--register', '--guild', 'mine'], /^`--guild` is the id of a server, 17 to 20 digits: run `npm run register -- --guild SERVER_ID`/],
    [['--register', 'mine'], /^Only `--guild` can be given: run /],
  ])('on the arguments %j', async (words, said) => {
    const { code, output } = await run(words)
    expect(code).toBe(1)
    expect(output).toMatch(said)
    // One sentence.
    expect(output).toMatch(/^[^\n]*\.\n$/)
    expect(output).not.toMatch(/\. [A-Z]/)
  })
})
