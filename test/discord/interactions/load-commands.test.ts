import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'

import { readCommands } from '../../../commands/index.ts'
import { loadCommands } from '../../../src/discord/interactions/load-commands.ts'

const command = (name: string) =>
  `export const ${name} = { data: { name: '${name}', toJSON: () => ({ name: '${name}' }) }, acknowledge: 'defer', execute: () => Promise.resolve() }\n`
const button = (name: string) => `export const ${name} = { name: '${name}', acknowledge: 'update', execute: () => Promise.resolve() }\n`

/** A folder with these files, gone after the test. */
async function folderOf(files: Record<string, string>): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'rushes-commands-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'private'))
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source)
  return pathToFileURL(`${folder}/`)
}

test('the commands that come with the bot are found', async () => {
  const { commands, buttons } = await readCommands()
  expect(commands.map(({ data }) => data.name)).toEqual(['animate', 'film'])
  expect(buttons.map(({ name }) => name)).toEqual(['cancel'])
})

test('a file that is dropped into the folder, or into its private one, needs no change elsewhere', async () => {
  const folder = await folderOf({
    'clap.ts': command('clap'),
    'private/wave.ts': command('wave') + button('again'),
    'notes.md': 'not read',
    'helpers.ts': 'export const limit = 3\nexport function double(value: number) { return value * 2 }\n',
  })
  const { commands, buttons } = await loadCommands(folder)
  expect(commands.map(({ data }) => data.name)).toEqual(['clap', 'wave'])
  expect(buttons.map(({ name }) => name)).toEqual(['again'])
})

test('an incomplete command stops the start and names its file', async () => {
  const folder = await folderOf({ 'clap.ts': "export const clap = { data: { name: 'clap' }, execute: () => undefined }\n" })
  await expect(loadCommands(folder)).rejects.toThrow('clap.ts')
})

test('two commands of one name stop the start', async () => {
  const folder = await folderOf({ 'clap.ts': command('clap'), 'private/clap.ts': command('clap') })
  await expect(loadCommands(folder)).rejects.toThrow('clap')
})
