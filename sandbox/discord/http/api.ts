import type { IncomingMessage } from 'node:http'

import { ApiError, refuse } from '../model/errors.ts'
import { answerProblems } from '../validation/answers.ts'
import type { World } from '../world/world.ts'
import { parseBody, type RequestBody } from './body.ts'
import type { FaultOutcome, Faults } from './faults.ts'
import { limitedBody, type RateLimits, type RateTicket } from './rate-limits.ts'
import type { RecordedRequest } from './record.ts'
import { type ApiCall, matchRoute, type Route, type RouteMatch } from './route.ts'

export interface HttpResponse {
  status: number
  headers: Record<string, string>
  /** JSON; undefined for a response without a body. */
  body: unknown
}

export interface ApiContext {
  world: World
  routes: readonly Route[]
  faults: Faults
  rateLimits: RateLimits
}

export interface RequestUrl {
  path: string
  query: URLSearchParams
}

interface ApiRequest {
  match: RouteMatch | undefined
  record: RecordedRequest
  body: RequestBody | ApiError
  call: Pick<ApiCall, 'query' | 'bytes'>
}

/** Carries a request of the REST API through recording, faults, rate limits, authorization and its handler, and checks our own response. */
export class Api {
  readonly requests: RecordedRequest[] = []
  readonly responseProblems: string[] = []
  /** Responses that Discord counts towards a ban of the address: 401, 403 and 429, unless others used up a shared limit. */
  invalidRequests = 0
  readonly #context: ApiContext

  constructor(context: ApiContext) {
    this.#context = context
  }

  /**
   * @param url with the decoded path below `/api/v10`
   * @returns `reset` when the socket has to break instead of a response
   */
  async receive(message: IncomingMessage, { path, query }: RequestUrl, raw: Buffer): Promise<HttpResponse | 'reset'> {
    const { faults, routes, world } = this.#context
    const match = matchRoute(routes, message.method ?? '', path)
    const body = await parseBody(raw, message.headers['content-type'] ?? '').catch((error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    })
    const record = this.#record(message, { path, query }, match, body)
    const response = await this.#withFaults(faults, record, () =>
      this.#respond({ match, record, body, call: { query, bytes: raw.length } }),
    )
    record.status = response === 'reset' ? 0 : response.status
    if (response !== 'reset' && isInvalid(response)) this.invalidRequests += 1
    world.changes.announce({ kind: 'request' })
    return response
  }

  async #withFaults(faults: Faults, record: RecordedRequest, respond: () => HttpResponse): Promise<HttpResponse | 'reset'> {
    const before = await faults.before(record)
    if (before) return responseOf(before)
    const response = respond()
    const after = faults.after(record)
    return after ? responseOf(after) : response
  }

  #respond({ match, record, body, call }: ApiRequest): HttpResponse {
    const { world } = this.#context
    if (!match) return this.#checked(undefined, failure(refuse.unknownRoute()))
    const { route, params } = match
    const { exceeded, headers } = this.#take(match, record)
    if (exceeded) {
      const body = limitedBody(exceeded.retryAfterSeconds, exceeded.scope)
      return this.#checked(route, { status: 429, headers, body })
    }
    try {
      if (route.needsBot && record.authorization !== 'bot') throw refuse.unauthorized()
      if (body instanceof ApiError) throw body
      const { status, body: content } = route.handle({ ...call, ...body, params }, world)
      return this.#checked(route, { status, headers, body: content })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return this.#checked(route, failure(error, headers))
    }
  }

  #take({ route, params }: RouteMatch, { authorization }: RecordedRequest): RateTicket {
    const { rateLimits } = this.#context
    if (route.needsBot && authorization === 'bot') {
      const global = rateLimits.takeGlobal()
      if (global.exceeded) return global
    }
    return rateLimits.take(route.operation, [params['channel'], params['guild'], params['token']].join(' '))
  }

  #checked(route: Route | undefined, response: HttpResponse): HttpResponse {
    this.responseProblems.push(...answerProblems(route?.operation, response.status, response.body))
    return response
  }

  #record(
    message: IncomingMessage,
    { path, query }: RequestUrl,
    match: RouteMatch | undefined,
    body: RequestBody | ApiError,
  ): RecordedRequest {
    const token = match?.params['token']
    const { json, files } = body instanceof ApiError ? { json: undefined, files: [] } : body
    const { authorization } = message.headers
    const record: RecordedRequest = {
      method: message.method ?? '',
      path: token === undefined ? path : path.replace(token, '{token}'),
      operation: match?.route.operation,
      query: Object.fromEntries(query),
      body: json,
      files: files.map(({ field, name, bytes, contentType }) => ({ field, name, size: bytes.length, contentType })),
      authorization: authorization === undefined ? 'none' : authorization === `Bot ${this.#context.world.botToken}` ? 'bot' : 'wrong',
      status: 0,
    }
    this.requests.push(record)
    return record
  }
}

function isInvalid({ status, headers }: HttpResponse): boolean {
  return status === 401 || status === 403 || (status === 429 && headers['x-ratelimit-scope'] !== 'shared')
}

function failure(error: ApiError, headers: Record<string, string> = {}): HttpResponse {
  return { status: error.status, headers, body: error.body }
}

function responseOf(outcome: FaultOutcome): HttpResponse | 'reset' {
  return outcome === 'reset' ? 'reset' : { status: outcome.status, headers: outcome.headers ?? {}, body: outcome.body }
}
