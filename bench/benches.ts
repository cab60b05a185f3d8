import type { Bench } from './shared/bench.ts'

/** All benches by name. */
export const benches: Readonly<Record<string, Bench>> = {
  ack: {
    summary: 'How fast the bot acknowledges /film at 50, 200 and 500 a second, compared with a bot that only defers.',
    load: async () => (await import('./ack/ack.ts')).benchAck,
  },
  capacity: {
    summary: 'A simulated day of 100,000 servers: shards, waits in the queue, clips at providers and edits of cards.',
    load: async () => (await import('./capacity/capacity.ts')).benchCapacity,
  },
  deliver: {
    summary:
      'From a provider’s completion until the clip is visible in Discord, for 9 MB and 1 MB, compared with a bare download and upload.',
    load: async () => (await import('./deliver/deliver.ts')).benchDeliver,
  },
  engine: {
    summary: 'Clips per second through the core (accept, claim, submit, complete, settle), with instant providers, compared with pg-boss.',
    load: async () => (await import('./engine/engine.ts')).benchEngine,
  },
  'hot-tables': {
    summary:
      'Claiming, a check of the worker and accepting, with 1,000,000 finished and 10,000 waiting generations; --plans prints what scans a table.',
    load: async () => (await import('./hot-tables/hot-tables.ts')).benchHotTables,
  },
  inflight: {
    summary: 'What 1,000 and 10,000 clips in flight cost: memory, event loop delay and edits of cards.',
    load: async () => (await import('./inflight/inflight.ts')).benchInFlight,
  },
  start: {
    summary:
      'From the start of the process until it takes commands, and the memory of an idle bot, compared with a bare client that signs in.',
    load: async () => (await import('./start/start.ts')).benchStart,
  },
  wait: {
    summary:
      'How many calls it takes to learn that a job of 160 s is done, and how late, for our adapters and for the vendors’ own clients.',
    load: async () => (await import('./wait/wait.ts')).benchWait,
  },
}
