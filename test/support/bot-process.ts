import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

import type { BotSettings } from '../../src/main.ts'

export interface BotProcess {
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Lets it stand still, as a machine that swaps does. */
  stall(): void
  goOn(): void
  /** Resolves once it has logged these words, past or future. */
  logged(words: string): Promise<void>
}

/** The bot in a process of its own, which can be killed. Ready when this resolves; gone with the test. */
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
      throw new Error('the bot ended instead of becoming ready')
    }),
  ])
  const logged = (words: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (log.includes(words)) resolve()
      }
      child.stdout?.on('data', look)
      look()
    })
  return { kill, stall: () => void child.kill('SIGSTOP'), goOn: () => void child.kill('SIGCONT'), logged }
}
