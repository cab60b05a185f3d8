// The floors of the house (docs/architecture.md): each imports only what stands below it; neighbours on one floor do not
// import each other. Type-only imports count, because a type is knowledge too.
const floors = [
  ['start\\.ts'],
  ['src/register\\.ts'],
  ['src/main\\.ts', 'src/held\\.ts'],
  ['src/roles/', 'src/shutdown\\.ts'],
  ['commands/'],
  ['src/studio\\.ts'],
  ['src/discord/', 'src/moderation/', 'src/http/'],
  ['src/generations/'],
  ['src/quota/'],
  ['src/providers/', 'src/media/', 'src/storage/'],
  ['src/config\\.ts', 'src/observability/', 'src/network/'],
  ['src/variable-kinds\\.ts'],
  ['src/domain/'],
]

const floorRules = floors.flatMap((rooms, index) =>
  rooms.map((room) => ({
    name: `floor-${index}-${room.replaceAll(/\W+/g, '-')}`,
    comment: 'Imports only what stands on a lower floor',
    severity: 'error',
    from: { path: `^${room}` },
    to: {
      path:
        floors
          .slice(0, index + 1)
          .flat()
          .filter((other) => other !== room)
          .map((other) => `^${other}`)
          .join('|') || '^$',
    },
  })),
)

export default {
  forbidden: [
    ...floorRules,
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
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
      name: 'discord-stays-in-its-room',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(discord/|main\\.ts)' },
      to: { path: 'node_modules/(discord\\.js|@discordjs|discord-api-types)' },
    },
    {
      name: 'sqlite-stays-in-its-room',
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
