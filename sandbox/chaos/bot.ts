import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BotSettings {
  environment: Record<string, string>
  origins: unknown
  typicalRunMs: { 5: number; 10: number }
  /** For processes that share a store. */
  leaseTimes: { heartbeatMs: number; expiryMs: number }
}

/** One bot process that is killed and started again over the same store. */
export class Bot {
  readonly name: string
  readonly #program: string
  readonly #settings: BotSettings
  readonly #logFile: string
  #child: ChildProcess | undefined

  /** @param project the folder of the program that is run: this one, or a copy with a fault */
  constructor(name: string, { project, settings, folder }: { project: string; settings: BotSettings; folder: string }) {
    this.name = name
    this.#program = join(project, 'sandbox/chaos/bot-process.ts')
    this.#settings = settings
    this.#logFile = join(folder, `${name}.log`)
  }

  /** Resolves once it is ready: signed in to Discord, and at work on what was left. `without` names variables that it does not get this time. */
  async start({ without = [] }: { without?: readonly string[] } = {}): Promise<void> {
    const child = fork(this.#program, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => appendFileSync(this.#logFile, chunk))
    const environment = Object.fromEntries(Object.entries(this.#settings.environment).filter(([name]) => !without.includes(name)))
    child.send({ ...this.#settings, environment })
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${this.name} ended instead of becoming ready: see ${this.#logFile}`)
    })
    await Promise.race([once(child, 'message'), ended])
    // From here on its end is looked at by whoever ends it.
    ended.catch(() => undefined)
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Stands still, as a machine that swaps does. */
  stall(): void {
    this.#child?.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Cleanly. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.send('stop')
    await exited
  }
}
