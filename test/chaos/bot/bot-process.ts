import { once } from 'node:events'
import { flushCompileCache } from 'node:module'

import { z } from 'zod'

import { startBot } from '../../../src/main.ts'

/** The real bot in a process of its own, which can be killed. It stops cleanly on SIGTERM, also during its start, or when its parent is gone. */
const Settings = z.object({
  environment: z.record(z.string(), z.string()),
  origins: z.custom<Parameters<typeof startBot>[0]['origins']>(),
  typicalRunMs: z.object({ 5: z.number(), 10: z.number() }),
  leaseTimes: z.object({ heartbeatMs: z.number(), expiryMs: z.number() }),
  outageSpeed: z.number(),
})

// Now, because Node writes its cache when it exits, and this process may be killed.
flushCompileCache()

const stopping = new AbortController()
for (const event of ['SIGTERM', 'disconnect']) process.once(event, () => stopping.abort(new Error(`stopped by ${event}`)))

async function run(settings: unknown): Promise<void> {
  const { signal } = stopping
  try {
    const bot = await startBot({ ...Settings.parse(settings), registerAtStart: true, signal, onFatal: () => process.exit(1) })
    process.send?.('ready')
    if (!signal.aborted) await once(signal, 'abort')
    await bot.stop()
  } catch (error) {
    if (error !== signal.reason) throw error
  }
  process.exit(0)
}

process.once('message', (settings) => {
  run(settings).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
