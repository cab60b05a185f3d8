import { describe, expect, it } from 'vitest'

import { film } from '../../support/sandbox/clip-steps.ts'
import { startProcess } from '../../support/bot/process.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

describe('the programs of the operator, as processes beside the running bot', () => {
  it('take a negative amount and a reason of several words, and exit with 1 on a refusal', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    const { reference } = readGeneration(sandbox, interaction)
    const environment = { DISCORD_TOKEN: sandbox.discord.botToken, FAL_KEY: 'any', DATA_DIR: sandbox.dataFolder }
    const run = (...words: string[]) => startProcess('start.mjs', words, { environment, folder: sandbox.dataFolder }).ended
    const words = ['--wallet', 'server', '--reason', 'a broken clip']

    expect(await run('--ledger', 'correct', reference, '-0.35', ...words)).toMatchObject({ code: 0 })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
    const list = await run('--ledger')
    expect(list).toMatchObject({ code: 0 })
    expect(list.output).toMatch(new RegExp(`${reference}  correction-server  -\\$0\\.35  fal\\.ai  a broken clip`))

    const refused = await run('--ledger', 'correct', reference, '-0.35', ...words)
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(/^Nothing was changed: the server's day \S+ would have spent -\$0\.35\. Choose a smaller amount\.\n$/)
    expect(await run('--held')).toEqual({ code: 0, output: 'No requests are held.\n' })
    expect(await run('--hold')).toEqual({ code: 1, output: 'Unknown argument --hold. The programs are listed in package.json.\n' })
  })
})
