import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BotSettings {
  environment: Record<string, string>
  origins: unknown
  typicalRunMs: { 5: number; 10: number }
  leaseTimes: { heartbeatMs: number; expiryMs: number }
  outageSpeed: number
}

/** A bot gives its work 30 s to end; one that takes longer than this never stops. */
const maxStopMs = 60_000

/** A bot process that is killed and restarted over the same store. */
export class Bot {
  readonly name: string
  /** Every unexpected exit, and every stop that was not clean. */
  readonly problems: string[] = []
  readonly #program: string
  readonly #settings: BotSettings
  readonly #logFile: string
  #child: ChildProcess | undefined
  #expected: 'running' | 'killed' | 'stopped' = 'running'

  /** @param project the folder of the program: this one, or a copy with a mutant */
  constructor(name: string, { project, settings, folder }: { project: string; settings: BotSettings; folder: string }) {
    this.name = name
    this.#program = join(project, 'test/chaos/bot/bot-process.ts')
    this.#settings = settings
    this.#logFile = join(folder, `${name}.log`)
  }

  /** Resolves once the bot is signed in to Discord and has resumed its work. `without` names variables to leave out this time. */
  async start({ without = [] }: { without?: readonly string[] } = {}): Promise<void> {
    const child = fork(this.#program, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child = child
    this.#expected = 'running'
    child.once('exit', (code, signal) => this.#checkExit(code, signal))
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => appendFileSync(this.#logFile, chunk))
    const environment = Object.fromEntries(Object.entries(this.#settings.environment).filter(([name]) => !without.includes(name)))
    child.send({ ...this.#settings, environment })
    const exited = once(child, 'exit').then(() => {
      throw new Error(`${this.name} exited before it was ready: see ${this.#logFile}`)
    })
    await Promise.race([once(child, 'message'), exited])
    // From here on `#checkExit` decides whether an exit was expected.
    exited.catch(() => undefined)
  }

  /** Like a power cut. */
  async kill(): Promise<void> {
    const child = this.#running()
    if (!child) return
    const exited = once(child, 'exit')
    this.#expected = 'killed'
    child.kill('SIGKILL')
    await exited
  }

  /** Suspends the process, like a machine that is swapping. */
  stall(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Asks the process to stop by SIGTERM, as an operator's system does, and waits until it has. */
  async stop(): Promise<void> {
    const child = this.#running()
    if (!child) return
    const exited = once(child, 'exit')
    this.#expected = 'stopped'
    child.kill('SIGTERM')
    const deadline = setTimeout(() => child.kill('SIGKILL'), maxStopMs)
    await exited
    clearTimeout(deadline)
  }

  #running(): ChildProcess | undefined {
    const child = this.#child
    return child && child.exitCode === null && child.signalCode === null ? child : undefined
  }

  #checkExit(code: number | null, signal: NodeJS.Signals | null): void {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    if (this.#expected === 'running') this.problems.push(`${this.name} exited unexpectedly ${how}`)
    else if (this.#expected === 'stopped' && code !== 0) this.problems.push(`${this.name} did not stop cleanly: it exited ${how}`)
    else if (this.#expected === 'killed' && signal !== 'SIGKILL') this.problems.push(`${this.name} exited ${how} before it was killed`)
  }
}
