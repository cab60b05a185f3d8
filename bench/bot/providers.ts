import { z } from 'zod'

import { startChild } from '../shared/child.ts'
import type { ProvidersOptions } from './providers-options.ts'

const Started = z.object({
  /** By the variables of the environment that hold them. */
  keys: z.record(z.string(), z.string()),
  /** By provider and by their names in its descriptor. */
  origins: z.record(z.string(), z.record(z.string(), z.string())),
})

export type Providers = Awaited<ReturnType<typeof startProviders>>

/** The five providers in a process of their own, so that their work is not part of what is measured elsewhere. They take any number of jobs. */
export async function startProviders(options: ProvidersOptions, cleanup: AsyncDisposableStack) {
  const child = startChild(new URL('./providers-process.ts', import.meta.url), { cleanup })
  return { ...(await child.ask('start', options, Started)), child }
}
