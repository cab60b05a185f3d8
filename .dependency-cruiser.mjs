/**
 * The layers, top first: the only list of them. A module imports only what stands on a lower layer; modules on one layer do not import each other.
 * Type-only imports count, because a type is knowledge too. `docs/architecture.md` and `CONTRIBUTING.md` repeat this list, and a test compares them.
 */
export const layers = [
  { name: 'entry', modules: ['start.ts'] },
  { name: 'operator programs', modules: ['src/cli/'] },
  { name: 'composition', modules: ['src/main.ts'] },
  { name: 'commands', modules: ['commands/'] },
  { name: 'application', modules: ['src/clip-service.ts'] },
  { name: 'adapters', modules: ['src/discord/', 'src/moderation/', 'src/http/'] },
  { name: 'core', modules: ['src/generations/'] },
  { name: 'money', modules: ['src/billing/'] },
  { name: 'drivers', modules: ['src/providers/', 'src/media/', 'src/storage/'] },
  { name: 'ground', modules: ['src/config/', 'src/network/'] },
  { name: 'library', modules: ['src/lib/'] },
  { name: 'domain', modules: ['src/domain/'] },
]

const pattern = (module) => `^${module.replaceAll('.', '\\.')}`

const layerRules = layers.flatMap(({ modules }, index) =>
  modules.map((module) => ({
    name: `layer-${module.replaceAll(/\W+/g, '-')}`,
    comment: 'Imports only what stands on a lower layer',
    severity: 'error',
    from: { path: pattern(module) },
    to: {
      path:
        layers
          .slice(0, index + 1)
          .flatMap((layer) => layer.modules)
          .filter((other) => other !== module)
          .map(pattern)
          .join('|') || '^$',
    },
  })),
)

export default {
  forbidden: [
    ...layerRules,
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-folder-cycle',
      comment: 'Folders of one module depend on each other in one direction only',
      scope: 'folder',
      severity: 'error',
      from: { path: '^(src|sandbox)/' },
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
      comment: 'The product never knows its sandbox',
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
