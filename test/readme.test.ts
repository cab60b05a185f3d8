import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { variableNames } from '../src/config/config.ts'
import { providerDescriptors } from '../src/providers/registry.ts'
import { neededPermissions, permissionsInteger } from '../src/discord/interactions/permissions.ts'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const readme = read('README.md')
const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

describe('the README', () => {
  it('lists every variable that is read, and no other', () => {
    const [, configuration = ''] = readme.split('## Configuration')
    const listed = [...configuration.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name ?? '')
    expect(sorted(listed)).toEqual(sorted(variableNames(providerDescriptors)))
  })

  it('names each permission with its reason, and the integer they make', () => {
    for (const { name, why } of neededPermissions) expect(readme).toContain(`| ${name} | ${why} |`)
    expect(readme).toContain(`\`${permissionsInteger()}\``)
  })

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    for (const [, name = ''] of readme.matchAll(/npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(name)
  })
})

describe('.env.example', () => {
  it('holds every variable that is read, and no other', () => {
    const listed = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? '')
    expect(sorted(listed)).toEqual(sorted(variableNames(providerDescriptors)))
  })
})
