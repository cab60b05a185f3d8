import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import type { BenchContext } from '../shared/bench.ts'
import { startChild } from '../shared/child.ts'
import { temporaryFolder, temporaryPostgres } from '../shared/stores.ts'
import type { Target } from '../shared/measurement.ts'
import { type Fill, HotTables, type Measure } from './store-messages.ts'

/**
 * How long claiming, one look of the worker and accepting take where a million generations are over and ten thousand wait, and for how long they block the
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
    reportOne('claim, p50', measured.claim.p50)
    reportOne('claim, p99', measured.claim.p99)
    reportOne('claim, longest block of the event loop', measured.claim.longestBlock)
    reportOne('look, p50', measured.look.p50)
    reportOne('look, p99', measured.look.p99, { atMost: 50, of: 'value' })
    reportOne('look, longest block of the event loop', measured.look.longestBlock)
    reportOne('accept, p50', measured.accept.p50)
    reportOne('accept, p99', measured.accept.p99, { atMost: 20, of: 'value' })
    reportOne('accept, longest block of the event loop', measured.accept.longestBlock)
    reportOne('20 accepts at once, p50 of all 20', measured.burst.p50)
    reportOne('20 accepts at once, longest block of the event loop', measured.burst.longestBlock)
    for (const plan of plans) context.note(`${name}: a large table is scanned by\n${plan}\n`)
  }
}
