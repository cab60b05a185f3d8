import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

export interface StartedProcess {
  /** Resolves with all of the output as soon as it matches; rejects if the process ends before. */
  says(words: RegExp): Promise<string>
  /** Resolves with the exit code (null after a signal that was not caught) and everything that was said. */
  readonly ended: Promise<{ code: number | null; output: string }>
  signal(name: 'SIGTERM' | 'SIGINT'): void
}

export interface ProcessOptions {
  /** Node of which version; the one that runs the tests unless given. */
  node?: string | undefined
  /** All there is in the environment beside PATH. */
  environment?: Record<string, string> | undefined
  /** Where it runs: not the project's folder, so that nobody's `.env` is read. */
  folder: string
}

/** Starts one of the project's files as a user does; killed with the test where it has not ended by itself. */
export function startProcess(
  file: string,
  words: readonly string[],
  { node = process.execPath, environment, folder }: ProcessOptions,
): StartedProcess {
  const child: ChildProcess = spawn(node, [`${projectFolder}${file}`, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    ended,
    says: (expected) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (expected.test(output)) resolve(output)
        }
        child.stdout?.on('data', look)
        child.stderr?.on('data', look)
        void ended.then(() => reject(new Error(`the process ended without saying ${String(expected)}:\n${output}`)))
        look()
      }),
    signal: (name) => void child.kill(name),
  }
}
