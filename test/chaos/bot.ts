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

/** A bot waits 30 s for what is under way; one that takes longer than this does not stop at all. */
const longestStopMs = 60_000

/** One bot process that is killed and started again over the same store. */
export class Bot {
  readonly name: string
  /** Every end that nobody asked for, and every clean stop that was none. */
  readonly problems: string[] = []
  readonly #program: string
  readonly #settings: BotSettings
  readonly #logFile: string
  #child: ChildProcess | undefined
  #wanted: 'run' | 'die' | 'stop' = 'run'

  /** @param project the folder of the program that is run: this one, or a copy with a fault */
  constructor(name: string, { project, settings, folder }: { project: string; settings: BotSettings; folder: string }) {
    this.name = name
    this.#program = join(project, 'test/chaos/bot-process.ts')
    this.#settings = settings
    this.#logFile = join(folder, `${name}.log`)
  }

  /** Resolves once it is ready: signed in to Discord, and at work on what was left. `without` names variables that it does not get this time. */
  async start({ without = [] }: { without?: readonly string[] } = {}): Promise<void> {
    const child = fork(this.#program, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child = child
    this.#wanted = 'run'
    child.once('exit', (code, signal) => this.#judgeEnd(code, signal))
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => appendFileSync(this.#logFile, chunk))
    const environment = Object.fromEntries(Object.entries(this.#settings.environment).filter(([name]) => !without.includes(name)))
    child.send({ ...this.#settings, environment })
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${this.name} ended instead of becoming ready: see ${this.#logFile}`)
    })
    await Promise.race([once(child, 'message'), ended])
    // From here on its end is judged by whether anybody asked for it.
    ended.catch(() => undefined)
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    const child = this.#running()
    if (!child) return
    const exited = once(child, 'exit')
    this.#wanted = 'die'
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
    const child = this.#running()
    if (!child) return
    const exited = once(child, 'exit')
    this.#wanted = 'stop'
    // Where the channel is closed the process is about to end, and its end tells the rest.
    child.send('stop', () => undefined)
    const patience = setTimeout(() => child.kill('SIGKILL'), longestStopMs)
    await exited
    clearTimeout(patience)
  }

  #running(): ChildProcess | undefined {
    const child = this.#child
    return child && child.exitCode === null && child.signalCode === null ? child : undefined
  }

  #judgeEnd(code: number | null, signal: NodeJS.Signals | null): void {
    const end = signal === null ? `with exit code ${code}` : `by ${signal}`
    if (this.#wanted === 'run') this.problems.push(`${this.name} ended by itself, ${end}`)
    else if (this.#wanted === 'stop' && code !== 0) this.problems.push(`${this.name} was to stop cleanly and ended ${end}`)
    else if (this.#wanted === 'die' && signal !== 'SIGKILL') this.problems.push(`${this.name} ended ${end} before it was killed`)
  }
}
