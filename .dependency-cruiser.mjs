/**
 * The layers, highest first: the only list of them. A module imports only from lower layers; modules of one layer do not import each other.
 * Type-only imports count, because a type is knowledge too. CONTRIBUTING.md and docs/architecture.md show this list, and test/layers.test.ts
 * compares them.
 */
export const layers = [
  { name: 'entry', modules: { 'start.ts': '`npm start`: the bot, the sandbox, or a list of what is missing' } },
  { name: 'programs', modules: { 'src/cli/': 'small programs for the operator: `register`, `held`, `ledger`' } },
  { name: 'composition', modules: { 'src/main.ts': 'creates every module and joins them; nothing else does' } },
  { name: 'commands', modules: { 'commands/': 'what members type and press; one thin file each' } },
  { name: 'application', modules: { 'src/clip-service.ts': 'check, request, cancel: all that a command knows' } },
  {
    name: 'adapters',
    modules: {
      'src/discord/': 'gateway, REST, interactions, cards, delivery, texts',
      'src/http/': "the providers' webhooks",
    },
  },
  { name: 'core', modules: { 'src/generations/': 'the life of one clip: queue, run, delivery, recovery' } },
  { name: 'money', modules: { 'src/billing/': 'ledger, wallets, periods, request limits, server settings' } },
  {
    name: 'drivers',
    modules: {
      'src/providers/': 'one folder for each provider, and what they share',
      'src/media/': 'downloads, and checks of images and clips',
      'src/storage/': 'SQLite or PostgreSQL, migrations, stored images',
    },
  },
  {
    name: 'ground',
    modules: {
      'src/config/': 'the environment as one typed configuration',
      'src/network/': 'outgoing connections that never reach a private address',
    },
  },
  { name: 'library', modules: { 'src/lib/': 'clock, log, retry, sleep, shutdown' } },
  { name: 'domain', modules: { 'src/domain/': 'requests, money, ids, states, errors; imports nothing' } },
]

/** The modules of each layer, highest first. */
const modulesByLayer = layers.map(({ modules }) => Object.keys(modules))

const pattern = (module) => `^${module.replaceAll('.', '\\.')}`

const layerRules = modulesByLayer.flatMap((modules, index) =>
  modules.map((module) => {
    const forbidden = modulesByLayer
      .slice(0, index + 1)
      .flat()
      .filter((other) => other !== module)
    return {
      name: `layer-${module.replaceAll(/\W+/g, '-')}`,
      comment: 'Imports only from lower layers',
      severity: 'error',
      from: { path: pattern(module) },
      to: { path: forbidden.map(pattern).join('|') || '^$' },
    }
  }),
)

export default {
  forbidden: [
    ...layerRules,
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-folder-cycle',
      comment: 'Folders depend on each other in one direction only',
      scope: 'folder',
      severity: 'error',
      from: { path: '^(src|sandbox|test/chaos|bench)/' },
      to: { circular: true },
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'sandbox-stays-out',
      comment: 'The bot does not know its sandbox',
      severity: 'error',
      from: { path: '^(src|commands)/' },
      to: { path: '^(sandbox|test)/' },
    },
    {
      name: 'sandbox-is-independent',
      comment: 'What judges the bot may only start it',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(src|commands|test)/', pathNot: '^src/main\\.ts$' },
    },
    {
      name: 'chaos-is-independent',
      comment: 'What judges the bot may only start it',
      severity: 'error',
      from: { path: '^test/chaos/', pathNot: '^test/chaos/crash-steps/|\\.test\\.ts$' },
      to: { path: '^(src|commands|test)/', pathNot: '^(src/main\\.ts$|test/(chaos|mutants)/)' },
    },
    {
      name: 'bench-stays-out',
      comment: 'A bench measures the bot; nothing depends on it',
      severity: 'error',
      from: { pathNot: '^(bench|test/bench)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'bench-measures-the-bot',
      comment: 'A bench uses the bot, the sandbox and what tests share',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^(start\\.ts|test/)', pathNot: '^test/support/' },
    },
    {
      name: 'only-discord-module-uses-discord-js',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(discord/|main\\.ts)' },
      to: { path: 'node_modules/(discord\\.js|@discordjs|discord-api-types)' },
    },
    {
      name: 'only-storage-uses-sqlite',
      severity: 'error',
      from: { path: '^(src|commands)/', pathNot: '^src/storage/' },
      to: { path: 'node_modules/better-sqlite3' },
    },
    {
      name: 'no-dev-package-in-product',
      severity: 'error',
      from: { path: '^(src|commands)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
