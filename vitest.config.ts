import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for sockets, not for a processor.
    maxWorkers: 3,
    // A hung socket must not hang the run; no test is about speed.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
  },
})
