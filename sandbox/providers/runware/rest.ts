import { type Call, jsonOf, judgeKey, type KeyJudgement } from '../http/call.ts'
import { setRetryAfter } from '../http/retry-after.ts'
import type { Routes } from '../http/routes.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import { refusals } from './problems.ts'
import { answerOf, refused, type RunwareAnswer } from './response.ts'
import { performTasks, routeOf, type RunwareTasksContext, withoutKeys } from './tasks.ts'

/** `api.runware.ai`: one path for everything; takes an array of tasks and returns all outcomes. */
export function runwareRest(context: RunwareTasksContext): Routes {
  const { apiKey, behavior } = context
  const routes = context.routes('api', { authorization: (call) => judgeCall(call, apiKey), notFound, withoutKeys })
  const { app, on } = routes
  app.post(
    '/v1',
    on(async (call) => routeOf(await jsonOf(call))),
    async (call) => {
      const { outcomes, lost } = await performTasks(await jsonOf(call), context)
      if (lost) call.set('answerIsLost', true)
      const answer = answerOf(outcomes)
      if (answer.status === 429) setRetryAfter(call, behavior)
      return respond(call, answer)
    },
  )
  return routes
}

/** Refuses a call as a whole. */
export function refuse(fault: AnswerFault, call: Call): Response {
  return respond(call, answerOf([refused(refusals[fault])]))
}

export function notFound(call: Call): Response {
  return call.json({ errors: [{ code: 'notFound', message: 'Not found' }] }, 404)
}

/** The key comes in the header, or in the first task. */
async function judgeCall(call: Call, apiKey: string): Promise<KeyJudgement> {
  const header = call.req.header('authorization')
  if (header !== undefined) return judgeKey(header, `Bearer ${apiKey}`)
  return judgeTasks(await jsonOf(call), apiKey)
}

/** Checks the key in the first task. */
export function judgeTasks(tasks: unknown, apiKey: string): KeyJudgement {
  const first: unknown = Array.isArray(tasks) ? tasks[0] : undefined
  const { taskType, apiKey: given } = (first ?? {}) as { taskType?: unknown; apiKey?: unknown }
  if (taskType !== 'authentication' || typeof given !== 'string') return 'none'
  return judgeKey(given, apiKey)
}

function respond(call: Call, { status, body }: RunwareAnswer): Response {
  const answer = call.json(body, 200)
  // Hono's types allow only known literal statuses.
  return new Response(answer.body, { status, headers: answer.headers })
}
