import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { Bot } from './bot.ts'
import { temporaryFolder } from '../../support/store/database.ts'

const settings = {
  environment: {},
  origins: {},
  typicalRunMs: { 5: 0, 10: 0 },
  leaseTimes: { heartbeatMs: 0, expiryMs: 0 },
  outageSpeed: 1,
}

/** A bot whose program is ready at once and then does the given thing. */
async function startBot(program: string, { before = '' }: { before?: string } = {}): Promise<Bot> {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'test/chaos/bot'), { recursive: true })
  writeFileSync(
    join(folder, 'test/chaos/bot/bot-process.ts'),
    `process.on('message', () => {}); ${before}; process.send('ready', () => {${program}})`,
  )
  const bot = new Bot('bot', { project: folder, settings, folder })
  onTestFinished(() => bot.kill())
  await bot.start()
  return bot
}

const stopsWith = (code: number) => startBot('', { before: `process.on('SIGTERM', () => process.exit(${code}))` })

describe('a bot of a chaos run', () => {
  it.each([
    { end: 'process.exit(0)', how: 'with exit code 0' },
    { end: 'process.exit(1)', how: 'with exit code 1' },
    { end: "process.kill(process.pid, 'SIGTERM')", how: 'by SIGTERM' },
  ])('reports an unexpected exit: $end', async ({ end, how }) => {
    const bot = await startBot(end)
    await expect.poll(() => bot.problems).toEqual([`bot exited unexpectedly ${how}`])
    await bot.kill()
    await bot.stop()
    expect(bot.problems).toHaveLength(1)
  })

  it('reports a stop that is not clean', async () => {
    const clean = await stopsWith(0)
    await clean.stop()
    expect(clean.problems).toEqual([])
    const faulty = await stopsWith(1)
    await faulty.stop()
    expect(faulty.problems).toEqual(['bot did not stop cleanly: it exited with exit code 1'])
  })

  it('reports one that SIGTERM ends before it could stop', async () => {
    const deaf = await startBot('')
    await deaf.stop()
    expect(deaf.problems).toEqual(['bot did not stop cleanly: it exited by SIGTERM'])
  })

  it('can be killed while it is stalled', async () => {
    const bot = await startBot('')
    bot.stall()
    await bot.kill()
    expect(bot.problems).toEqual([])
  })
})
