import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The first failing test decides a mutant, so tests of one part run before those of the whole worker, which may only fail at their timeout. */
const order = ['/queue/', '/store/', '/held/', '/run/', '/billing/', '/worker/', '']

class DirectTestsFirst extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => order.findIndex((folder) => moduleId.includes(folder))
    return Promise.resolve(specifications.toSorted((one, other) => rank(one) - rank(other)))
  }
}

/** The tests that StrykerJS runs: those that call the core in their own process, because a mutant is active there and in no process that a test starts. */
export default defineConfig({
  test: {
    include: ['test/{billing,generations}/**/*.test.ts'],
    globalSetup: 'test/run-folder.ts',
    // One thread for the test files of a mutant: importing everything anew for each took more time than the tests.
    isolate: false,
    exclude: ['**/*-processes.test.ts', '**/slow-*.test.ts'],
    // SQLite alone: the logic is the same on both stores, and a surviving mutant costs every test that reaches it.
    env: { CI: '', TEST_DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    sequence: { sequencer: DirectTestsFirst },
    // A mutant that makes a test wait for ever is noticed by this.
    testTimeout: 15_000,
    hookTimeout: 15_000,
    expect: { poll: { timeout: 10_000, interval: 20 } },
  },
})
