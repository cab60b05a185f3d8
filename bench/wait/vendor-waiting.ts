import { z } from 'zod'

import { startStandIns } from '../../sandbox/providers/stand-ins.ts'
import { mp4 } from '../../test/support/media/mp4.ts'
import { startChild } from '../shared/child.ts'
import type { WaitOptions } from './our-waiting.ts'
import { readWaiting, type Waiting } from './waiting.ts'

/** How a vendor's published client waits, for instance `fal polling`. It runs in a process of its own, whose timers are as fast as the providers' clock. */
export async function measureVendor(name: string, { speed, clips }: WaitOptions, cleanup: AsyncDisposableStack): Promise<Waiting> {
  const standIns = cleanup.adopt(await startStandIns({ clips: { render: () => Promise.resolve(mp4()) }, speed, unlimited: true }), (each) =>
    each.stop(),
  )
  const child = startChild(new URL('./vendor-process.ts', import.meta.url), { cleanup })
  const origins = Object.fromEntries(standIns.all.map(({ id, origins }) => [id, origins]))
  const apiKeys = Object.fromEntries(standIns.all.map(({ id, apiKey }) => [id, apiKey]))
  await child.ask('setUp', { speed, origins, apiKeys }, z.unknown())
  const knownAt = await Promise.all(
    Array.from({ length: clips }, async () => {
      await child.ask('makeClip', name, z.unknown())
      return standIns.clock.now()
    }),
  )
  const standIn = standIns.all.find(({ id }) => name.startsWith(id))
  if (!standIn) throw new Error(`there is no provider for ${name}`)
  return readWaiting(standIn, knownAt, { speed, lag: name.endsWith('stream') ? 'real' : 'providers' })
}
