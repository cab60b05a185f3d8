import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

export const projectFolder = fileURLToPath(new URL('../../..', import.meta.url))

export interface StartedProcess {
  /** Resolves with the whole output once it matches; rejects if the process exits first. */
  says(words: RegExp): Promise<string>
  /** Resolves with the exit code (null after an uncaught signal) and the whole output. */
  readonly ended: Promise<{ code: number | null; output: string }>
  signal(name: 'SIGTERM' | 'SIGINT'): void
}

export interface ProcessOptions {
  /** The Node executable; by default the one that runs the tests. */
  node?: string | undefined
  /** The whole environment besides PATH and Node's compile cache. */
  environment?: Record<string, string> | undefined
  /** Where it runs: not the project's folder, so that no developer's `.env` is read. */
  folder: string
}

/** Starts one of the project's files as a user does. Killed at the end of the test if it is still running. */
export function startProcess(
  file: string,
  words: readonly string[],
  { node = process.execPath, environment, folder }: ProcessOptions,
): StartedProcess {
  const child: ChildProcess = spawn(node, [`${projectFolder}${file}`, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
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
        const check = () => {
          if (expected.test(output)) resolve(output)
        }
        child.stdout?.on('data', check)
        child.stderr?.on('data', check)
        void ended.then(() => reject(new Error(`the process exited without printing ${String(expected)}:\n${output}`)))
        check()
      }),
    signal: (name) => void child.kill(name),
  }
}
