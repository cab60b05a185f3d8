import { EventEmitter, once } from 'node:events'
import type { RouteName } from '../simulation/faults.ts'

/** One call that reached a provider. */
export interface LoggedRequest {
  /** Which of the provider's origins was called, by its name (`queue`, `api` …). */
  origin: string
  method: string
  /** With its query. */
  path: string
  /** What the call is for; undefined where the provider has no such call. */
  route: RouteName | undefined
  /** Whether a key came along, and whether it was the right one. Never the key itself. */
  authorization: 'accepted' | 'wrong' | 'none'
  /** The parsed JSON of the body; undefined where there was none, or it was not read, or it was no JSON. */
  body: unknown
  /** Undefined until it is answered, and for ever where the connection was broken off instead. */
  status: number | undefined
}

/** What was asked of one provider, in the order of arrival. */
export class RequestLog {
  readonly #requests: LoggedRequest[] = []
  readonly #events = new EventEmitter<{ request: [LoggedRequest] }>().setMaxListeners(0)

  /** Called by the provider; the entry is completed as the call goes on. */
  add(request: LoggedRequest): void {
    this.#requests.push(request)
    this.#events.emit('request', request)
  }

  list(route?: RouteName): LoggedRequest[] {
    return this.#requests.filter((request) => route === undefined || request.route === route)
  }

  count(route?: RouteName): number {
    return this.list(route).length
  }

  /** Resolves as soon as this many calls of the kind have arrived since the log was begun or cleared. */
  async reached(route: RouteName, count = 1): Promise<LoggedRequest[]> {
    while (this.count(route) < count) await once(this.#events, 'request')
    return this.list(route)
  }

  clear(): void {
    this.#requests.length = 0
  }
}
