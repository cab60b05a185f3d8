import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import type { BenchContext } from '../shared/bench.ts'
import { startChild } from '../shared/child.ts'
import { temporaryFolder, temporaryPostgres } from '../shared/stores.ts'
import type { Target } from '../shared/measurement.ts'
import type { Repeated } from './repeat.ts'
import { type Fill, HotTables, type Measure } from './store-messages.ts'

/**
 * How long claiming, one check of the worker and accepting take where a million generations are over and ten thousand wait, and for how long they block the
 * event loop. Each store has a process of its own.
 */
export async function benchHotTables(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.words],
    options: {
      finished: { type: 'string', default: '1000000' },
      waiting: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '6' },
      only: { type: 'string', multiple: true, default: ['sqlite', 'postgres'] },
      plans: { type: 'boolean', default: false },
    },
  })
  const { cleanup } = context
  const size = { finished: Number(values.finished), waiting: Number(values.waiting) }
  const stores = await Promise.all(
    values.only.map(async (name) => ({
      name: name === 'sqlite' ? 'SQLite' : 'PostgreSQL',
      store: name === 'sqlite' ? { file: join(await temporaryFolder(cleanup), 'rushes.db') } : { url: await temporaryPostgres(cleanup) },
      process: startChild(new URL('store-process.ts', import.meta.url), { cleanup }),
    })),
  )
  await Promise.all(stores.map(({ store, process }) => process.ask('fill', { store, ...size } satisfies Fill, z.undefined())))

  for (const { name, store, process } of stores) {
    const question = { store, withinMs: Number(values.seconds) * 1000, plans: values.plans } satisfies Measure
    const { plans, ...measured } = await process.ask('measure', question, HotTables)
    const reportOne = (what: string, milliseconds: number, target?: Target) =>
      context.report({ case: `${name}: ${what}`, value: milliseconds, unit: 'ms', target })
    const reportRepeated = (what: string, { p50, p99, longestBlock, processor }: Repeated, target?: Target) => {
      reportOne(`${what}, p50`, p50)
      reportOne(`${what}, p99`, p99, target)
      reportOne(`${what}, processor time of the bot, p50`, processor)
      reportOne(`${what}, longest block of the event loop`, longestBlock)
    }
    reportRepeated('claim', measured.claim)
    reportRepeated('check', measured.check, { atMost: 50, of: 'value' })
    reportRepeated('accept', measured.accept, { atMost: 20, of: 'value' })
    reportRepeated('20 accepts at once', measured.burst)
    for (const plan of plans) context.note(`${name}: a large table is scanned by\n${plan}\n`)
  }
}
