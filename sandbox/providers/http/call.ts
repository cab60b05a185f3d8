import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, MiddlewareHandler } from 'hono'
import { answerFaults, type AnswerFault, type Faults, type LostAnswer, lostAnswers, type RouteName } from '../simulation/faults.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'

/** `answerIsLost` is set by a create call whose prompt requests it. */
export interface CallEnvironment {
  Bindings: HttpBindings
  Variables: { answerIsLost?: boolean }
}
export type Call = Context<CallEnvironment>

export type KeyJudgement = LoggedRequest['authorization']

/** Responds with an error in the provider's own format. */
export type Refuse = (fault: AnswerFault, call: Call) => Response

export interface CallContext {
  /** The name of the called origin (`queue`, `api` …). */
  origin: string
  /** The expected Authorization header, or how to check the key; undefined where none is needed. */
  authorization?: string | ((call: Call) => KeyJudgement | Promise<KeyJudgement>) | undefined
  faults: Faults
  requests: RequestLog
  refuse: Refuse
  /** Removes keys from a body before it is logged. */
  withoutKeys?: ((body: unknown) => unknown) | undefined
}

/** Logs each call, checks its key, and applies the faults planned for it before and after its handler. */
export function receiveCall(
  named: RouteName | ((call: Call) => Promise<RouteName>),
  context: CallContext,
): MiddlewareHandler<CallEnvironment> {
  return async (call, next) => {
    const route = typeof named === 'string' ? named : await named(call)
    const entry = await logRequest(call, route, context)
    if (context.faults.take(route, ['reset'])) return resetConnection(call)
    if (context.authorization !== undefined && entry.authorization !== 'accepted') {
      return answered(entry, context.refuse('bad-key', call))
    }
    const body = await jsonOf(call)
    entry.body = context.withoutKeys ? context.withoutKeys(body) : body
    const refusal = context.faults.take(route, answerFaults)
    if (refusal) return answered(entry, context.refuse(refusal.kind, call))

    await next()

    const planned = call.get('answerIsLost') ? { kind: 'lost-answer' as const, status: undefined } : undefined
    const loss = context.faults.take(route, lostAnswers) ?? planned
    if (!loss) return void (entry.status = call.res.status)
    const corrupted = await corrupt(call, loss.kind, loss.status)
    // Assigning a response merges the headers of the previous one, so that one is removed first.
    call.res = undefined
    call.res = corrupted
    return undefined
  }
}

/** Logs a call of a path that the provider does not have. */
export function unknownCall(context: CallContext, notFound: (call: Call) => Response): (call: Call) => Promise<Response> {
  return async (call) => answered(await logRequest(call, undefined, context), notFound(call))
}

async function logRequest(
  call: Call,
  route: RouteName | undefined,
  { origin, authorization, requests }: CallContext,
): Promise<LoggedRequest> {
  const { pathname, search } = new URL(call.req.url)
  const judged = typeof authorization === 'function' ? await authorization(call) : judgeKey(call.req.header('authorization'), authorization)
  return requests.add({ origin, method: call.req.method, path: pathname + search, route, authorization: judged })
}

export function judgeKey(given: string | undefined, expected: string | undefined): KeyJudgement {
  if (given === undefined) return 'none'
  return given === expected ? 'accepted' : 'wrong'
}

export async function jsonOf(call: Call): Promise<unknown> {
  if (!call.req.header('content-type')?.includes('application/json')) return undefined
  return parseJson(await call.req.text())
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function answered(entry: LoggedRequest, response: Response): Response {
  entry.status = response.status
  return response
}

function resetConnection(call: Call): Response {
  call.env.incoming.socket.resetAndDestroy()
  return RESPONSE_ALREADY_SENT
}

const corruptedBodies = {
  html: '<!DOCTYPE html><title>One moment</title><h1>Checking your browser</h1>',
  empty: '',
  malformed: '{"id": "half an ans',
  'unknown-shape': '{"hello": ["world"]}',
}

async function corrupt(call: Call, kind: LostAnswer, status = call.res.status): Promise<Response> {
  if (kind === 'truncated') return await sendHalf(call, call.res)
  await call.res.body?.cancel()
  if (kind === 'lost-answer') return resetConnection(call)
  const contentType = kind === 'html' ? 'text/html; charset=utf-8' : 'application/json'
  return new Response(corruptedBodies[kind], { status, headers: { 'content-type': contentType } })
}

/** Sends the headers of the whole response and half of its body, then closes the connection. */
async function sendHalf(call: Call, response: Response): Promise<Response> {
  const { outgoing, incoming } = call.env
  const reader = response.body?.getReader()
  const first = ((await reader?.read())?.value as Uint8Array | undefined) ?? new Uint8Array()
  await reader?.cancel()
  const headers = new Headers(response.headers)
  // A stream has no content length; in chunked encoding its half would be complete.
  headers.delete('transfer-encoding')
  if (!headers.has('content-length')) headers.set('content-length', String(first.length))
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  outgoing.write(first.subarray(0, Math.floor(first.length / 2)), () => incoming.socket.destroy())
  return RESPONSE_ALREADY_SENT
}
