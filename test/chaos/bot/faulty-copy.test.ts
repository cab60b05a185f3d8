import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, it, onTestFinished } from 'vitest'

import { breaks } from '../shared/options.ts'
import { copyWithFault } from './faulty-copy.ts'

const project = fileURLToPath(new URL('../../..', import.meta.url))
const sources = ['src/clip-service.ts', 'src/generations/store/generations.ts']

it.each(breaks)('a copy with the fault “%s” differs from the project in one file', (fault) => {
  const copy = copyWithFault(project, fault)
  onTestFinished(() => copy.remove())
  const changed = sources.filter((file) => readFileSync(join(copy.folder, file), 'utf8') !== readFileSync(join(project, file), 'utf8'))
  expect(changed).toHaveLength(1)
})
