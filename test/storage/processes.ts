import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

import { onTestFinished } from 'vitest'

/** Another process of ours on the same database, running the file it was given. */
export interface StoreProcess {
  /** Lets it begin. */
  go(): void
  /** Resolves with its next message. */
  receive<Message>(): Promise<Message>
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
}

/** Starts processes at the same moment and resolves once each has sent its first message; killed with the test. */
export async function startProcesses(file: URL, count: number, parameters: readonly string[]): Promise<StoreProcess[]> {
  const children = Array.from({ length: count }, () => fork(file, parameters, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  const processes = children.map(toStoreProcess)
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(processes.map(({ ended }) => ended))
  })
  await Promise.all(processes.map((each) => each.receive()))
  return processes
}

function toStoreProcess(child: ChildProcess): StoreProcess {
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return {
    ended,
    go: () => void child.send('go'),
    receive: async <Message>() => {
      const message = once(child, 'message').then(([content]) => content as Message)
      const end = ended.then((code) => {
        throw new Error(`the process exited with ${String(code)} before it sent a message`)
      })
      return Promise.race([message, end])
    },
    signal: (name) => void child.kill(name),
  }
}
