import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import { ApiError, refuse } from '../model/errors.ts'
import { responseProblems } from '../validation/spec.ts'
import type { World } from '../world/world.ts'
import { parseBody, type RequestBody } from './body.ts'
import type { FaultOutcome, Faults } from './faults.ts'
import type { RateLimits } from './rate-limits.ts'
import type { RecordedRequest } from './record.ts'
import { matchRoute, type Route, type RouteMatch } from './route.ts'

export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  /** JSON; undefined for an answer without a body. */
  body: unknown
}

export interface ApiContext {
  world: World
  routes: readonly Route[]
  faults: Faults
  rateLimits: RateLimits
  log: ((line: string) => void) | undefined
}

/** The REST API from a received request to the answer: recording, faults, rights, rate limits, the operation, and the check of our own answer. */
export class Api {
  readonly requests: RecordedRequest[] = []
  readonly responseProblems: string[] = []
  readonly #parts: ApiContext

  constructor(context: ApiContext) {
    this.#parts = context
  }

  /** `path` is decoded and stands below `/api/v10`. Returns `reset` when the socket has to break instead of an answer. */
  async receive(request: IncomingMessage, path: string, query: URLSearchParams, raw: Buffer): Promise<HttpAnswer | 'reset'> {
    const { routes, faults, log } = this.#parts
    const match = matchRoute(routes, request.method ?? '', path)
    const body = await readBody(raw, request.headers['content-type'] ?? '')
    const record = this.#record(request, path, query, match, body)
    const answer = await this.#withFaults(faults, record, () =>
      this.#answer(record, match, body, { query, bytes: raw.length, token: request.headers.authorization }),
    )
    record.status = answer === 'reset' ? 0 : answer.status
    log?.(`${record.method} ${record.path} ${answer === 'reset' ? 'reset' : answer.status}`)
    this.#parts.world.changes.announce({ kind: 'request' })
    return answer
  }

  async #withFaults(faults: Faults, record: RecordedRequest, act: () => HttpAnswer): Promise<HttpAnswer | 'reset'> {
    const before = await faults.before(record)
    if (before) return asAnswer(before)
    const answer = act()
    const after = faults.after(record)
    return after ? asAnswer(after) : answer
  }

  #answer(
    record: RecordedRequest,
    match: RouteMatch | undefined,
    body: RequestBody | ApiError,
    rest: { query: URLSearchParams; bytes: number; token: string | undefined },
  ): HttpAnswer {
    const { world, rateLimits } = this.#parts
    if (!match) return failure(refuse.unknownRoute(), {})
    const { route, params } = match
    const hash = createHash('sha256').update(route.operation).digest('hex').slice(0, 20)
    const ticket = rateLimits.take([route.operation, params['channel'], params['guild'], params['token']].join(' '), hash)
    if (ticket.retryAfterSeconds !== undefined) {
      const limited = { message: 'You are being rate limited.', retry_after: ticket.retryAfterSeconds, global: false, code: 0 }
      return this.#checked(route, { status: 429, headers: ticket.headers, body: limited })
    }
    try {
      if (route.needsBot && record.authorization !== 'bot') throw refuse.unauthorized()
      if (body instanceof ApiError) throw body
      const call = { params, query: rest.query, bytes: rest.bytes, json: body.json, files: body.files }
      const { status, body: answered } = route.answer(call, world)
      return this.#checked(route, { status, headers: ticket.headers, body: answered })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return this.#checked(route, failure(error, ticket.headers))
    }
  }

  #checked(route: Route, answer: HttpAnswer): HttpAnswer {
    this.responseProblems.push(...responseProblems(route.operation, answer.status, answer.body))
    return answer
  }

  #record(
    request: IncomingMessage,
    path: string,
    query: URLSearchParams,
    match: RouteMatch | undefined,
    body: RequestBody | ApiError,
  ): RecordedRequest {
    const token = match?.params['token']
    const parsed = body instanceof ApiError ? { json: undefined, files: [] } : body
    const { authorization } = request.headers
    const record: RecordedRequest = {
      method: request.method ?? '',
      path: token === undefined ? path : path.replace(token, '{token}'),
      operation: match?.route.operation,
      query: Object.fromEntries(query),
      body: parsed.json,
      files: parsed.files.map(({ field, name, bytes, contentType }) => ({ field, name, size: bytes.length, contentType })),
      authorization: authorization === undefined ? 'none' : authorization === `Bot ${this.#parts.world.botToken}` ? 'bot' : 'wrong',
      status: 0,
    }
    this.requests.push(record)
    return record
  }
}

async function readBody(raw: Buffer, contentType: string): Promise<RequestBody | ApiError> {
  try {
    return await parseBody(raw, contentType)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

function failure(error: ApiError, headers: Record<string, string>): HttpAnswer {
  return { status: error.status, headers, body: error.body }
}

function asAnswer(outcome: FaultOutcome): HttpAnswer | 'reset' {
  return outcome === 'reset' ? 'reset' : { status: outcome.status, headers: outcome.headers ?? {}, body: outcome.body }
}
