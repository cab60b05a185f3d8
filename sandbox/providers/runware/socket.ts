import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { answerFaults, lostAnswers } from '../simulation/faults.ts'
import { type KeyJudgement, parseJson } from '../http/call.ts'
import { answerOf, refused, type TaskOutcome } from './response.ts'
import { refusals } from './problems.ts'
import { judgeTasks } from './rest.ts'
import { performTasks, routeOf, type RunwareTasksContext, withoutKeys } from './tasks.ts'

const largestMessage = 32 * 1024 * 1024
/** A connection without messages is closed after this real time. */
const idleMs = 120_000

interface Session {
  client: WebSocket
  judged: KeyJudgement
}

/** `ws-api.runware.ai`: the same tasks as over HTTP, in messages. Results must be polled, nothing is pushed. */
export class RunwareSocket {
  readonly #context: RunwareTasksContext
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: largestMessage })

  constructor(context: RunwareTasksContext) {
    this.#context = context
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/v1') {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
      return
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#accept(client))
  }

  #accept(client: WebSocket): void {
    const session: Session = { client, judged: 'none' }
    const idle = setTimeout(() => client.close(1000, 'idle'), idleMs)
    client.on('close', () => clearTimeout(idle))
    client.on('error', () => client.terminate())
    client.on('message', (message: RawData) => {
      idle.refresh()
      void this.#receive(session, textOf(message))
    })
  }

  async #receive(session: Session, text: string): Promise<void> {
    const { faults, requests, apiKey } = this.#context
    const { client } = session
    const tasks = parseJson(text)
    const route = routeOf(tasks)
    const judged = judgeTasks(tasks, apiKey)
    if (judged !== 'none') session.judged = judged
    const entry = requests.add({ origin: 'socket', method: 'MESSAGE', path: '/v1', route, authorization: session.judged })
    if (faults.take(route, ['reset'])) {
      client.terminate()
      return
    }
    entry.body = withoutKeys(tasks)
    const refusal = session.judged === 'accepted' ? faults.take(route, answerFaults)?.kind : 'bad-key'
    const performed = refusal ? refuse(tasks, refusal) : await performTasks(tasks, this.#context)
    const answer = answerOf(performed.outcomes)
    // A WebSocket message arrives whole or not at all, so every corruption of a response loses it.
    if (performed.lost || faults.take(route, lostAnswers)) {
      client.terminate()
      return
    }
    entry.status = answer.status
    client.send(JSON.stringify(answer.body))
  }
}

/** Refuses each task of the message by its UUID, as clients match responses by that. */
function refuse(tasks: unknown, fault: (typeof answerFaults)[number]): { outcomes: TaskOutcome[]; lost: boolean } {
  const identified = Array.isArray(tasks) && tasks.length > 0 ? (tasks as { taskType?: string; taskUUID?: string }[]) : [{}]
  const outcomes = identified.map(({ taskType, taskUUID }) => refused({ ...refusals[fault], taskType, taskUUID }))
  return { outcomes, lost: false }
}

function textOf(message: RawData): string {
  if (Buffer.isBuffer(message)) return message.toString()
  return Buffer.concat(Array.isArray(message) ? message : [Buffer.from(message)]).toString()
}
