import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'
import { z } from 'zod'

const execute = promisify(execFile)
const path = (file: string) => new URL(file, import.meta.url).href

async function packagesOf(module: string): Promise<string[]> {
  const { stdout } = await execute(process.execPath, ['--import', path('./loaded-packages.ts'), '--import', path(module), '--eval', ''])
  return z.array(z.string()).parse(JSON.parse(stdout))
}

test('a bot that has seen no image and has no public address has loaded neither sharp nor hono', async () => {
  const packages = await packagesOf('../../../src/main.ts')
  expect(packages).toEqual(expect.arrayContaining(['discord.js', 'kysely', 'zod']))
  for (const later of ['sharp', 'hono', '@hono/node-server']) expect(packages).not.toContain(later)
})

test('they would be noticed', async () => {
  expect(await packagesOf('../../../src/media/images/open-image.ts')).toContain('sharp')
  expect(await packagesOf('../../../src/http/webhooks.ts')).toContain('hono')
})
