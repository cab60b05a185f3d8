import { fork } from 'node:child_process'

import { z } from 'zod'

/** A module in a process of its own, where only its own memory and its own event loop are measured. */
export interface Child {
  readonly pid: number | undefined
  /** Calls one of its functions (see `answerParent`). Rejects if that throws or the process exits first. */
  ask<Answer>(name: string, question: unknown, schema: z.ZodType<Answer>): Promise<Answer>
}

export interface ChildOptions {
  /** When this is disposed of, the process exits, and is killed if it does not. */
  cleanup: AsyncDisposableStack
  /** For Node, for instance `--expose-gc`. */
  execArgv?: readonly string[]
  /** Variables besides those of this process. */
  environment?: Readonly<Record<string, string>>
  /** Gets what the process prints; otherwise that goes where ours goes. */
  onOutput?: (text: string) => void
}

const exitWithinMs = 3000

const Reply = z.object({ id: z.number(), answer: z.unknown(), error: z.string().optional() })
const Question = z.object({ id: z.number(), name: z.string(), question: z.unknown() })

/** Starts a module that calls `answerParent`. */
export function startChild(module: URL, { cleanup, execArgv = [], environment = {}, onOutput }: ChildOptions): Child {
  const env = { ...process.env, ...environment }
  const child = fork(module, { execArgv: [...execArgv], env, serialization: 'advanced', silent: onOutput !== undefined })
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text))
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let asked = 0
  let ended: Error | undefined
  const end = (error: Error) => {
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  child.once('error', end)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end(new Error(`the process of ${module.pathname} ended (${signal ?? code ?? 'unknown'})`))
      resolve()
    })
  })
  child.on('message', (message) => {
    const { id, answer, error } = Reply.parse(message)
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error === undefined) resolve?.(answer)
    else reject?.(new Error(`in the process of ${module.pathname}: ${error}`))
  })
  cleanup.defer(async () => {
    // Not killed at once, because a profile (`NODE_OPTIONS=--cpu-prof`) is written at the exit.
    if (child.connected) child.disconnect()
    const timer = setTimeout(() => child.kill('SIGKILL'), exitWithinMs)
    await exited
    clearTimeout(timer)
  })
  return {
    pid: child.pid,
    ask: async (name, question, schema) => {
      if (ended) throw ended
      asked += 1
      const reply = Promise.withResolvers<unknown>()
      waiting.set(asked, reply)
      child.send({ id: asked, name, question }, (error) => {
        if (error) end(error)
      })
      return schema.parse(await reply.promise)
    },
  }
}

/** Lets the parent call these functions. The process exits with its parent. */
export function answerParent(functions: Readonly<Record<string, (question: unknown) => unknown>>): void {
  process.once('disconnect', () => process.exit(0))
  process.on('message', (message) => {
    const { id, name, question } = Question.parse(message)
    const work = async () => {
      const named = functions[name]
      if (!named) throw new Error(`there is no function ${name}`)
      return await named(question)
    }
    work().then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, answer: undefined, error: error instanceof Error ? error.stack : String(error) }),
    )
  })
}
