import { defineConfig } from 'vitest/config'

import { LongestFirst } from './test/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/run-folder.ts',
    // Loading the bot anew for each file took a fifth of the processor time.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Most tests wait for sockets, not for a processor.
    maxWorkers: 5,
    // They only end what hangs: no test is about speed, and a busy machine may be twenty times slower.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    expect: { poll: { timeout: 900_000, interval: 20 } },
    reporters: ['default'],
  },
})
