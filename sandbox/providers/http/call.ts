import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import { answerFaults, type AnswerFault, type Faults, type LostAnswer, lostAnswers, type RouteName } from '../simulation/faults.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'

/** What Hono carries along with each call. `answerIsLost` is set by a create call whose prompt asks for it. */
export interface CallEnvironment {
  Bindings: HttpBindings
  Variables: { answerIsLost?: boolean }
}
export type Call = Context<CallEnvironment>

export type KeyJudgement = LoggedRequest['authorization']

export interface CallContext {
  /** The name of the origin that is called (`queue`, `api` …). */
  origin: string
  /** The value of the Authorization header that opens the door, or who else judges the key; undefined where none is needed. */
  authorization: string | ((call: Call) => KeyJudgement | Promise<KeyJudgement>) | undefined
  faults: Faults
  requests: RequestLog
  /** How this provider words an error. */
  answers: Record<AnswerFault, (call: Call) => Response>
  /** What may be written down of a body that holds a key; all of it unless given. */
  withoutKeys?: (body: unknown) => unknown
}

/**
 * What happens to every call of a provider before and after its own work: it is written down, it may break, its key is looked at,
 * and its answer may get lost.
 */
export function receiveCall(
  named: RouteName | ((call: Call) => Promise<RouteName>),
  context: CallContext,
): MiddlewareHandler<CallEnvironment> {
  return async (call, next) => {
    const route = typeof named === 'string' ? named : await named(call)
    const entry = await logRequest(call, route, context)
    if (context.faults.take(route, ['reset'])) return resetConnection(call)
    if (context.authorization !== undefined && entry.authorization !== 'accepted') {
      return answered(entry, context.answers['bad-key'](call))
    }
    const body = await jsonOf(call)
    entry.body = context.withoutKeys ? context.withoutKeys(body) : body
    const refusal = context.faults.take(route, answerFaults)
    if (refusal) return answered(entry, context.answers[refusal.kind](call))

    await next()

    const loss =
      context.faults.take(route, lostAnswers) ??
      (call.get('answerIsLost') ? { kind: 'lost-answer' as const, status: undefined } : undefined)
    if (!loss) return void (entry.status = call.res.status)
    const corrupted = await corrupt(call, loss.kind, loss.status)
    // Setting an answer mends it with the headers of the one before; there shall be none before.
    call.res = undefined
    call.res = corrupted
    return undefined
  }
}

/** An address that the provider does not have. */
export function unknownCall(context: CallContext, answer: (call: Call) => Response): Handler<CallEnvironment> {
  return async (call) => answered(await logRequest(call, undefined, context), answer(call))
}

async function logRequest(
  call: Call,
  route: RouteName | undefined,
  { origin, authorization, requests }: CallContext,
): Promise<LoggedRequest> {
  const { pathname, search } = new URL(call.req.url)
  const judged = typeof authorization === 'function' ? await authorization(call) : judgeKey(call.req.header('authorization'), authorization)
  const entry: LoggedRequest = {
    origin,
    method: call.req.method,
    path: pathname + search,
    route,
    authorization: judged,
    body: undefined,
    status: undefined,
  }
  requests.add(entry)
  return entry
}

export function judgeKey(given: string | undefined, right: string | undefined): KeyJudgement {
  if (given === undefined) return 'none'
  return given === right ? 'accepted' : 'wrong'
}

export async function jsonOf(call: Call): Promise<unknown> {
  if (!call.req.header('content-type')?.includes('application/json')) return undefined
  const text = await call.req.text()
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

/** The client sees its connection reset. */
function resetConnection(call: Call): Response {
  call.env.incoming.socket.resetAndDestroy()
  return RESPONSE_ALREADY_SENT
}

async function corrupt(call: Call, kind: LostAnswer, status = call.res.status): Promise<Response> {
  const { res: response } = call
  const headers = { 'content-type': 'application/json' }
  switch (kind) {
    case 'lost-answer':
      await response.body?.cancel()
      return resetConnection(call)
    case 'truncated':
      return await sendHalf(call, response)
    case 'html':
      await response.body?.cancel()
      return new Response('<!DOCTYPE html><title>One moment</title><h1>Checking your browser</h1>', {
        status,
        headers: { 'content-type': 'text/html; charset=utf-8' },
      })
    case 'empty':
      await response.body?.cancel()
      return new Response('', { status, headers })
    case 'malformed':
      await response.body?.cancel()
      return new Response('{"id": "half an ans', { status, headers })
    case 'unknown-shape':
      await response.body?.cancel()
      return new Response('{"hello": ["world"]}', { status, headers })
  }
}

/** Announces all of the answer, sends a part of it, and hangs up. */
async function sendHalf(call: Call, response: Response): Promise<Response> {
  const { outgoing, incoming } = call.env
  const reader = response.body?.getReader()
  const chunk = (await reader?.read())?.value as Uint8Array | undefined
  const first = chunk ?? new Uint8Array()
  await reader?.cancel()
  const headers = new Headers(response.headers)
  // A stream has none, and its chunks would be an answer of their own.
  headers.delete('transfer-encoding')
  if (!headers.has('content-length')) headers.set('content-length', String(first.length))
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  outgoing.write(first.subarray(0, Math.floor(first.length / 2)), () => incoming.socket.destroy())
  return RESPONSE_ALREADY_SENT
}
