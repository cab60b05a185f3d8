import { fork } from 'node:child_process'
import { MediaAnswer, type Inspection, type MediaJob } from './media-job.ts'

export interface MediaProcessOptions {
  signal?: AbortSignal | undefined
  /** The child is killed when it takes longer. */
  timeoutMs?: number | undefined
}

/**
 * Performs one job in its own process, which contains crashes, leaks and endless loops of the media library.
 * @throws Error when the child fails, crashes or takes too long; the signal's reason when it is aborted
 */
export async function runMediaJob(
  job: MediaJob,
  { signal, timeoutMs = 120_000 }: MediaProcessOptions = {},
): Promise<Inspection | undefined> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Inspection | undefined>()
  const child = fork(new URL('media-process-child.ts', import.meta.url), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // The child gets neither the parent's environment, which holds keys, nor its loaders.
    env: { PATH: process.env['PATH'] ?? '' },
    execArgv: [],
  })
  const kill = () => void child.kill('SIGKILL')
  const timer = setTimeout(() => {
    reject(new Error(`the media process took longer than ${timeoutMs} ms`))
    kill()
  }, timeoutMs)
  signal?.addEventListener('abort', kill, { once: true })

  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-500)))
  child.on('error', reject)
  child.on('message', (message) => {
    const answer = MediaAnswer.parse(message)
    if (answer.ok) resolve(answer.inspection)
    else reject(new Error(`the media process failed: ${answer.reason}`))
  })
  child.on('close', (code, killedBy) => {
    if (signal?.aborted) reject(signal.reason as Error)
    else reject(new Error(`the media process ended without an answer (${killedBy ?? code ?? 'unknown'}) ${stderr}`.trim()))
  })
  child.send(job)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
    kill()
  }
}
