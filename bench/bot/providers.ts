import { z } from 'zod'

import { startChild } from '../shared/child.ts'

const Started = z.object({
  /** The variables that hold the keys. */
  keys: z.record(z.string(), z.string()),
  /** By provider and by their names in its descriptor. */
  origins: z.record(z.string(), z.record(z.string(), z.string())),
})

export interface ProvidersOptions {
  /** Virtual seconds per real second; a job takes 128 to 192 virtual seconds. */
  speed: number
  /** The size of every clip. */
  clipBytes: number
}

/** The five providers in a process of their own, so that their work is not part of what is measured elsewhere. */
export type Providers = Awaited<ReturnType<typeof startProviders>>

export async function startProviders(options: ProvidersOptions, cleanup: AsyncDisposableStack) {
  const child = startChild(new URL('./providers-process.ts', import.meta.url), { cleanup })
  return { ...(await child.ask('start', options, Started)), child }
}
