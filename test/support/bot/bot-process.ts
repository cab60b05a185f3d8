import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

import type { BotSettings } from '../../../src/main.ts'

export interface BotProcess {
  /** Like a power cut. */
  kill(): Promise<void>
  /** Suspends it, like a machine that is swapping. */
  stall(): void
  resume(): void
  /** Resolves once it has logged these words; immediately if it already has. */
  logged(words: string): Promise<void>
}

/** The bot in a process of its own, which can be killed. Ready when this resolves; killed at the end of the test. */
export async function startBotProcess(settings: Pick<BotSettings, 'environment' | 'origins' | 'typicalRunMs'>): Promise<BotProcess> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./bot-process-child.ts', import.meta.url)), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  let log = ''
  child.stdout?.on('data', (chunk: Buffer) => void (log += chunk.toString()))
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  child.send(settings)
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error('the bot exited before it was ready')
    }),
  ])
  const logged = (words: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (log.includes(words)) resolve()
      }
      child.stdout?.on('data', check)
      check()
    })
  return { kill, stall: () => void child.kill('SIGSTOP'), resume: () => void child.kill('SIGCONT'), logged }
}
