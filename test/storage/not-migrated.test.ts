import { describe, expect, it } from 'vitest'

import { runHeld } from '../../src/cli/held.ts'
import { runLedger } from '../../src/cli/ledger.ts'
import { startProcess } from '../support/bot/process.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { earlierStores, versionNamed } from './earlier-versions.ts'
import { restoreFixture } from './earlier-store.ts'
import { openPlace } from './stores.ts'

const startOnce = /^The tables of this database are not up to date with this version of Rushes\. Start the bot once: it migrates them\.$/

const programs = [
  { name: 'held', run: runHeld },
  { name: 'ledger', run: runLedger },
]
const cases = programs.flatMap((program) => earlierStores.map((earlier) => ({ ...program, ...earlier })))

const operator = { DISCORD_TOKEN: 'x'.repeat(30), FAL_KEY: 'any' }

describe.each(cases)('npm run $name on a store of version $version.name on $store.name', ({ run, version, store }) => {
  it('says that the bot has to start once, and works from then on', async () => {
    const location = await store.place()
    await restoreFixture(version, location)
    const lines: string[] = []
    const environment = { ...operator, DATABASE_URL: 'file' in location ? `sqlite:${location.file}` : location.url }
    const list = () => run(environment, [], (line) => lines.push(line))
    await expect(list()).rejects.toThrow(startOnce)
    expect(lines).toEqual([])
    // It changed no table: asked again, it says the same.
    await expect(list()).rejects.toThrow(startOnce)
    const bot = await openPlace(location)
    await list()
    await bot.close()
    expect(lines.join('\n')).toContain('$0.35')
  })
})

describe.each(programs)('npm run $name, as a process', ({ name }) => {
  const start = (folder: string, dataFolder = folder) =>
    startProcess('start.mjs', [`--${name}`], { environment: { ...operator, DATA_DIR: dataFolder }, folder }).ended

  it('prints one line about a store that is not migrated', async () => {
    const folder = temporaryFolder()
    await restoreFixture(versionNamed('0004'), { file: `${folder}/rushes.db` })
    const { code, output } = await start(folder)
    expect(code).toBe(1)
    expect(output.trimEnd()).toMatch(startOnce)
  })

  it('prints one line where there is no store', async () => {
    const folder = temporaryFolder()
    expect(await start(folder, `${folder}/elsewhere`)).toEqual({
      code: 1,
      output: `There is no database at ${folder}/elsewhere/rushes.db. Start the bot once, or set DATA_DIR or DATABASE_URL as the bot has them.\n`,
    })
  })
})
