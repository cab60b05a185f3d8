/** A mutant of a log line proves nothing about money or state. */
const logCalls = {
  kind: 'Ignore',
  name: 'log-calls',
  value: {
    shouldIgnore(path) {
      // The statement as a whole is mutated, too.
      const call = path.isExpressionStatement() ? path.node.expression : path.node
      if (call.type !== 'CallExpression' || call.callee.type !== 'MemberExpression') return undefined
      const { object } = call.callee
      return (object.property ?? object).name === 'log' ? 'a log line' : undefined
    },
  },
}
export const strykerPlugins = [logCalls]

/** `npm run mutation`: StrykerJS over the code that handles money. `npm run mutation -- --mutate 'src/billing/*.ts'` limits it. */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './test/mutants/stryker.config.mjs'],
  ignorers: ['log-calls'],
  vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  mutate: ['src/billing/*.ts', 'src/generations/{queue,positions,run,held,store}/*.ts'],
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  concurrency: 2,
  // The first run, without a mutant, takes several minutes on a busy machine.
  dryRunTimeoutMinutes: 30,
  // A busy machine makes a test slower, which is no sign of an endless loop.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  incremental: true,
  incrementalFile: 'reports/stryker-incremental.json',
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
  jsonReporter: { fileName: 'reports/mutants.json' },
  tempDirName: '.stryker-tmp',
}
