import { parseArgs } from 'node:util'

export interface ChaosOptions {
  /** How many times a bot is killed. */
  rounds: number
  /** The same seed plans the same requests and faults; what a kill hits also depends on the machine. */
  seed: number
  store: 'sqlite' | 'postgres'
  /** Worker processes on PostgreSQL. On SQLite one process does everything. */
  workers: number
  /** Runs a bot without the fence, to prove that the run notices. */
  withoutFence: boolean
}

export const usage = 'npm run chaos -- [--rounds 20] [--seed 1] [--store sqlite|postgres] [--workers 2] [--break no-fence]'

/** @throws with a message for the person who typed them */
export function readOptions(words: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      store: { type: 'string' },
      workers: { type: 'string', default: '2' },
      break: { type: 'string' },
    },
  })
  const { break: fault } = values
  const store = values.store ?? (fault === 'no-fence' ? 'postgres' : 'sqlite')
  if (store !== 'sqlite' && store !== 'postgres') throw new Error('--store is sqlite or postgres')
  if (fault !== undefined && fault !== 'no-fence') throw new Error('--break is no-fence')
  if (fault === 'no-fence' && store === 'sqlite')
    throw new Error('--break no-fence needs --store postgres: on SQLite there is only one process')
  return {
    rounds: wholeNumber('rounds', values.rounds),
    seed: wholeNumber('seed', values.seed),
    store,
    workers: wholeNumber('workers', values.workers),
    withoutFence: fault !== undefined,
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`--${name} is a whole number from 1`)
  return Number(text)
}
