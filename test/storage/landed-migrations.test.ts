import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'
import { z } from 'zod'

import { migrationsFor } from '../../src/storage/migrate.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const landed = z.record(z.string(), z.string()).parse(JSON.parse(read('test/fixtures/stores/landed-migrations.json')))

it.each(Object.entries(landed))('the landed migration %s is as it was: stores that ran it would differ from new ones', (name, hash) => {
  expect(
    createHash('sha256')
      .update(read(`src/storage/migrations/${name}.ts`))
      .digest('hex'),
  ).toBe(hash)
})

it('the landed migrations are the first ones, in order', () => {
  const names = Object.keys(landed)
  expect(Object.keys(migrationsFor('sqlite')).slice(0, names.length)).toEqual(names)
})
