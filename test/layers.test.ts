import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { temporaryFolder } from './support/store/database.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const configuration: unknown = await import(join(root, '.dependency-cruiser.mjs'))
const { layers } = z
  .object({ layers: z.array(z.object({ name: z.string(), modules: z.record(z.string(), z.string()) })) })
  .parse(configuration)
const readDocument = (name: string) => readFileSync(join(root, name), 'utf8')

/** The list as the documents show it, between two markers. */
function renderLayers(): string {
  const rows = layers.flatMap(({ name, modules }) =>
    Object.entries(modules).map(([module, contents], index) => `| ${index === 0 ? name : ''} | \`${module}\` | ${contents} |`),
  )
  return ['<!-- layers -->', '', '| layer | module | contents |', '|---|---|---|', ...rows, '', '<!-- /layers -->'].join('\n')
}

/** Runs the rules of `npm run check:layers` on a project of these files. */
function checkLayers(files: Record<string, string>): { status: number | null; output: string } {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries({ 'tsconfig.json': '{}', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const folders = [...new Set(Object.keys(files).map((name) => name.split('/')[0] ?? ''))]
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const { status, stdout } = spawnSync(process.execPath, [program, '--config', join(root, '.dependency-cruiser.mjs'), ...folders], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, output: stdout }
}

const imports = (path: string) => `import '${path}'\n`
const nothing = 'export {}\n'

describe('the layers', () => {
  it.each(['CONTRIBUTING.md', 'docs/architecture.md'])('are shown in %s as they are configured', (name) => {
    const document = readDocument(name)
    const start = document.indexOf('<!-- layers -->')
    const end = document.indexOf('<!-- /layers -->') + '<!-- /layers -->'.length
    expect(document.slice(start, end)).toBe(renderLayers())
  })

  it('name every module, and only those', () => {
    const listed = layers.flatMap(({ modules }) => Object.keys(modules))
    expect(listed.filter((module) => !existsSync(join(root, module)))).toEqual([])
    const tracked = execFileSync('git', ['ls-files', 'start.ts', 'commands', 'src'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
    expect(tracked.filter((file) => !listed.some((module) => file.startsWith(module)))).toEqual([])
  })
})

describe('npm run check:layers', () => {
  it('accepts an import from a lower layer', () => {
    const { status } = checkLayers({ 'src/billing/ledger.ts': imports('../storage/schema.ts'), 'src/storage/schema.ts': nothing })
    expect(status).toBe(0)
  })

  it.each([
    ['of a higher layer', 'layer-src-storage-', { 'src/storage/schema.ts': imports('../billing/a.ts'), 'src/billing/a.ts': nothing }],
    ['of the same layer', 'layer-src-media-', { 'src/media/image.ts': imports('../storage/a.ts'), 'src/storage/a.ts': nothing }],
    ['of a type', 'layer-src-storage-', { 'src/storage/a.ts': `import type { B } from '../http/b.ts'\n`, 'src/http/b.ts': nothing }],
    ['of the bot by the chaos run', 'chaos-is-independent', { 'test/chaos/a.ts': imports('../../src/lib/b.ts'), 'src/lib/b.ts': nothing }],
    ['of the bot by the sandbox', 'sandbox-is-independent', { 'sandbox/a.ts': imports('../src/lib/b.ts'), 'src/lib/b.ts': nothing }],
    ['of a bench by the bot', 'bench-stays-out', { 'src/lib/b.ts': imports('../../bench/a.ts'), 'bench/a.ts': nothing }],
    ['of the sandbox by the bot', 'sandbox-stays-out', { 'src/lib/b.ts': imports('../../sandbox/a.ts'), 'sandbox/a.ts': nothing }],
  ])('rejects an import %s', (_, rule, files) => {
    const { status, output } = checkLayers(files)
    expect(output).toContain(rule)
    expect(status).not.toBe(0)
  })

  it('rejects a cycle between the folders of a module, even without a cycle between files', () => {
    const { status, output } = checkLayers({
      'src/billing/a/one.ts': imports('../b/one.ts'),
      'src/billing/b/one.ts': nothing,
      'src/billing/b/two.ts': imports('../a/two.ts'),
      'src/billing/a/two.ts': nothing,
    })
    expect(output).toContain('no-folder-cycle')
    expect(status).not.toBe(0)
  })
})

it('no folder under src holds more than fourteen files', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const crowded = Object.entries(Object.groupBy(files, ({ parentPath }) => parentPath)).filter(([, inside = []]) => inside.length > 14)
  expect(files.length).toBeGreaterThan(100)
  expect(crowded.map(([folder]) => folder)).toEqual([])
})
