import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

import type { BotSettings } from '../../src/main.ts'

export interface BotProcess {
  /** Ends it as a power cut does. */
  kill(): Promise<void>
}

/** The bot in a process of its own, which can be killed. Ready when this resolves; gone with the test. */
export async function startBotProcess(settings: Pick<BotSettings, 'environment' | 'origins'>): Promise<BotProcess> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./bot-process-child.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  child.send(settings)
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error('the bot ended instead of becoming ready')
    }),
  ])
  return { kill }
}
