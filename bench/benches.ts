import type { Bench } from './shared/bench.ts'

/** All benches by name. */
export const benches: Readonly<Record<string, Bench>> = {
  ack: {
    summary: 'How fast the bot acknowledges /film at 50, 200 and 500 a second, beside a bot that only defers.',
    load: async () => (await import('./ack/ack.ts')).benchAck,
  },
  engine: {
    summary: 'Clips per second through the core (accept, claim, submit, complete, settle), with instant providers, beside pg-boss.',
    load: async () => (await import('./engine/engine.ts')).benchEngine,
  },
  start: {
    summary: 'From the start of the process until it takes commands, and the memory of an idle bot, beside a bare client that signs in.',
    load: async () => (await import('./start/start.ts')).benchStart,
  },
}
