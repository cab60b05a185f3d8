import { z } from 'zod'

import { Repeated } from './repeat.ts'

/** What the bench and the process of a store tell each other. */
const Location = z.union([z.object({ file: z.string() }), z.object({ url: z.string() })])
export const Fill = z.object({ store: Location, finished: z.number(), waiting: z.number() })
export type Fill = z.infer<typeof Fill>
export const Measure = z.object({ store: Location, withinMs: z.number(), plans: z.boolean() })
export type Measure = z.infer<typeof Measure>
export const HotTables = z.object({ claim: Repeated, check: Repeated, accept: Repeated, burst: Repeated, plans: z.array(z.string()) })
export type HotTables = z.infer<typeof HotTables>
