import { EventEmitter, once } from 'node:events'
import type { RouteName } from '../simulation/faults.ts'

/** One call that reached a provider. */
export interface LoggedRequest {
  /** The name of the called origin (`queue`, `api` …). */
  origin: string
  method: string
  /** Includes the query. */
  path: string
  /** The purpose of the call; undefined for an unknown path. */
  route: RouteName | undefined
  /** Whether a key was sent and valid; never the key itself. */
  authorization: 'accepted' | 'wrong' | 'none'
  /** The parsed JSON body; undefined if it was not read or is not JSON. */
  body: unknown
  /** Undefined until the response is sent, and if the connection was reset instead. */
  status: number | undefined
}

/** The calls of one provider in the order of arrival. */
export class RequestLog {
  readonly #requests: LoggedRequest[] = []
  readonly #events = new EventEmitter<{ request: [LoggedRequest] }>().setMaxListeners(0)

  /** @returns the entry, which the provider completes while it handles the call */
  add(call: Omit<LoggedRequest, 'body' | 'status'>): LoggedRequest {
    const request = { ...call, body: undefined, status: undefined }
    this.#requests.push(request)
    this.#events.emit('request', request)
    return request
  }

  list(route?: RouteName): LoggedRequest[] {
    return this.#requests.filter((request) => route === undefined || request.route === route)
  }

  count(route?: RouteName): number {
    return this.list(route).length
  }

  /** Resolves once this many calls of the route are in the log. */
  async reached(route: RouteName, count = 1): Promise<LoggedRequest[]> {
    while (this.count(route) < count) await once(this.#events, 'request')
    return this.list(route)
  }

  clear(): void {
    this.#requests.length = 0
  }
}
