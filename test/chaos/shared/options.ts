import { parseArgs } from 'node:util'

/** What a run does besides killing processes. Each can be left out, to find the cause of a problem. */
export const weathers = ['images', 'waves', 'budget', 'discord', 'stops', 'gateways', 'stalls', 'connections'] as const
export type Weather = (typeof weathers)[number]

/** Faults that can be put into the bot, to prove that the run notices. */
export const breaks = ['no-fence', 'refuse', 'drop'] as const
export type Break = (typeof breaks)[number]

export interface ChaosOptions {
  /** How many times a process is ended. */
  rounds: number
  /** The same seed plans the same requests and faults; what a kill hits also depends on the machine. */
  seed: number
  store: 'sqlite' | 'postgres'
  /** Worker processes on PostgreSQL. On SQLite one process does everything. */
  workers: number
  without: ReadonlySet<Weather>
  /** The fault of the bot, if it is given one. */
  fault: Break | undefined
}

export const usage = `npm run chaos -- [--rounds 20] [--seed 1] [--store sqlite|postgres] [--workers 2] [--without ${weathers.join(',')}] [--break ${breaks.join('|')}]`

/** @throws with a message for the person who typed them */
export function readOptions(words: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      store: { type: 'string' },
      workers: { type: 'string', default: '2' },
      without: { type: 'string', default: '' },
      break: { type: 'string' },
    },
  })
  const fault = values.break === undefined ? undefined : oneOf(breaks, values.break, '--break')
  const store = oneOf(['sqlite', 'postgres'], values.store ?? (fault === 'no-fence' ? 'postgres' : 'sqlite'), '--store')
  if (fault === 'no-fence' && store === 'sqlite')
    throw new Error('--break no-fence needs --store postgres: on SQLite there is only one process')
  return {
    rounds: wholeNumber('rounds', values.rounds),
    seed: wholeNumber('seed', values.seed),
    store,
    workers: wholeNumber('workers', values.workers),
    without: new Set(
      values.without
        .split(',')
        .filter((word) => word !== '')
        .map((word) => oneOf(weathers, word, '--without')),
    ),
    fault,
  }
}

function oneOf<Word extends string>(known: readonly Word[], word: string, option: string): Word {
  const found = known.find((each) => each === word)
  if (found === undefined) throw new Error(`${option} knows ${known.join(', ')}`)
  return found
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`--${name} is a whole number from 1`)
  return Number(text)
}
