import type { Behavior } from '../simulation/behavior.ts'
import { Hono } from 'hono'
import {
  type Call,
  type CallEnvironment,
  type CallContext,
  jsonOf,
  judgeKey,
  type KeyJudgement,
  receiveCall,
  unknownCall,
} from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import { retryAfterOf } from '../http/retry-after.ts'
import { answerOf, type TaskOutcome } from './response.ts'
import { refusals } from './problems.ts'
import { performTasks, routeOf, type RunwareTasksContext, withoutKeys } from './tasks.ts'

/** `api.runware.ai`: one address for everything, an array of tasks in, the answers to all of them out. */
export function runwareRest(context: RunwareTasksContext & { apiKey: string }): Hono<CallEnvironment> {
  const app = new Hono<CallEnvironment>()
  const answers = runwareAnswers(context.behavior)
  const authorization = (call: Call) => judgeCall(call, context.apiKey)
  const callContext: CallContext = { origin: 'api', ...context, authorization, answers, withoutKeys }
  addControl(app, context)
  app.post(
    '/v1',
    receiveCall(async (call) => routeOf(await jsonOf(call)), callContext),
    async (call) => {
      const { outcomes, lost } = await performTasks(await jsonOf(call), context)
      if (lost) call.set('answerIsLost', true)
      return respond(call, outcomes, context.behavior)
    },
  )
  app.notFound(unknownCall(callContext, notFound) as Parameters<typeof app.notFound>[0])
  return app
}

/** How Runware answers a call that it refuses as a whole. */
export function runwareAnswers(behavior: Behavior): Record<AnswerFault, (call: Call) => Response> {
  const answer = (fault: AnswerFault) => (call: Call) => respond(call, [{ kind: 'refused', problem: refusals[fault] }], behavior)
  return {
    'bad-key': answer('bad-key'),
    'no-credit': answer('no-credit'),
    busy: answer('busy'),
    down: answer('down'),
    refused: answer('refused'),
  }
}

export function notFound(call: Call): Response {
  return call.json({ errors: [{ code: 'notFound', message: 'Not found' }] }, 404)
}

/** The key comes in the header, or as the first task. */
async function judgeCall(call: Call, apiKey: string): Promise<KeyJudgement> {
  const header = call.req.header('authorization')
  if (header !== undefined) return judgeKey(header, `Bearer ${apiKey}`)
  return judgeTasks(await jsonOf(call), apiKey)
}

/** How the first task proves who calls. */
export function judgeTasks(tasks: unknown, apiKey: string): KeyJudgement {
  const first: unknown = Array.isArray(tasks) ? tasks[0] : undefined
  const { taskType, apiKey: given } = (first ?? {}) as { taskType?: unknown; apiKey?: unknown }
  if (taskType !== 'authentication' || typeof given !== 'string') return 'none'
  return judgeKey(given, apiKey)
}

function respond(call: Call, outcomes: readonly TaskOutcome[], behavior: Behavior): Response {
  const { status, body } = answerOf(outcomes)
  const hint = status === 429 ? retryAfterOf(behavior) : undefined
  if (hint !== undefined) call.header('Retry-After', hint)
  const answer = call.json(body, 200)
  return new Response(answer.body, { status, headers: answer.headers })
}
