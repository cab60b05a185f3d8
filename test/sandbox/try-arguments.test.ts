import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { readCommands } from '../../commands/index.ts'
import { readTryArguments } from '../../sandbox/try-arguments.ts'
import { temporaryFolder } from '../support/store/database.ts'

const given = {
  image: 'IMAGE',
  last_image: 'IMAGE',
  aspect: '9:16',
  duration: '10',
  negative: 'fog',
  guidance: '0.5',
  provider: 'fal',
  prompt: 'a boat',
}

it.each(['animate', 'film'])('`npm run try` takes every option of /%s', async (name) => {
  const { commands } = await readCommands()
  const { options = [] } = commands.find(({ data }) => data.name === name)?.data.toJSON() ?? {}
  const names = options.map((option) => option.name)
  const path = join(temporaryFolder(), 'boat.png')
  writeFileSync(path, 'an image')

  const valueOf = (option: string) => {
    const value = new Map(Object.entries(given)).get(option)
    if (value === undefined) throw new Error(`this test has no value for ${option}`)
    return value === 'IMAGE' ? path : value
  }
  const optional = names.filter((option) => option !== 'image' && option !== 'prompt')
  const words = optional.flatMap((option) => [`--${option.replace('_', '-')}`, valueOf(option)])
  const read = readTryArguments([name, ...(names.includes('image') ? [path] : []), 'a', 'boat', ...words])
  if (read === 'live-check') throw new Error('it was not asked for')
  const { command, options: sent } = read
  expect(command).toBe(name)
  const file = { name: 'boat.png', base64: Buffer.from('an image').toString('base64') }
  const expected = { ...given, image: file, last_image: file, duration: 10, guidance: 0.5 }
  expect(sent).toEqual(Object.fromEntries(Object.entries(expected).filter(([option]) => names.includes(option))))
})

it('`npm run try` says how it is used', () => {
  expect(() => readTryArguments(['film'])).toThrow(/^Usage:/)
  expect(() => readTryArguments(['animate', 'a-boat.png'])).toThrow(/^Usage:/)
})
