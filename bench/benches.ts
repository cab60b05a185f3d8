import type { Bench } from './shared/bench.ts'

/** All benches by name. */
export const benches: Readonly<Record<string, Bench>> = {}
