import { randomInt, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { acceptOrder, planOrder } from '../stand-in/acceptance.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import type { Job } from '../jobs/job.ts'
import type { MediaLibrary } from './media-library.ts'
import { refused, type TaskOutcome } from './response.ts'
import { refusals, type RunwareProblem } from './problems.ts'
import { resultOf, type TaskRecord } from './task-record.ts'
import { readVideoTask } from './video-task.ts'

export interface RunwareTasksContext extends StandInBase<'api' | 'socket' | 'media'> {
  records: Map<string, TaskRecord>
  library: MediaLibrary
}

const TaskHead = z.object({ taskType: z.string(), taskUUID: z.string().optional() })

/** The purpose of a call, by the most important of its tasks. */
export function routeOf(tasks: unknown): RouteName {
  const types = (Array.isArray(tasks) ? tasks : []).map((task) => TaskHead.safeParse(task).data?.taskType)
  if (types.includes('videoInference')) return 'create'
  if (types.includes('getResponse') || types.includes('getTaskDetails')) return 'status'
  if (types.includes('accountManagement')) return 'account'
  return types.includes('mediaStorage') || types.includes('imageUpload') ? 'upload' : 'session'
}

/** Hides the key, which may come in an authentication task. */
export function withoutKeys(tasks: unknown): unknown {
  if (!Array.isArray(tasks)) return tasks
  return (tasks as unknown[]).map((task) => (isObject(task) && 'apiKey' in task ? { ...task, apiKey: 'hidden' } : task))
}

/** Performs the tasks of one call in order. `lost`: its response must not arrive. */
export async function performTasks(tasks: unknown, context: RunwareTasksContext): Promise<{ outcomes: TaskOutcome[]; lost: boolean }> {
  if (!Array.isArray(tasks) || tasks.length === 0) {
    return { outcomes: [refused({ code: 'invalidRequest', message: 'The body must be an array of tasks.' })], lost: false }
  }
  const outcomes: TaskOutcome[] = []
  let lost = false
  for (const task of tasks as unknown[]) {
    const done = await perform(task, context)
    outcomes.push(...done.outcomes)
    lost ||= done.lost ?? false
  }
  return { outcomes, lost }
}

async function perform(task: unknown, context: RunwareTasksContext): Promise<{ outcomes: TaskOutcome[]; lost?: boolean }> {
  const { taskType, taskUUID } = TaskHead.safeParse(task).data ?? {}
  switch (taskType) {
    case 'videoInference':
      return await createVideo(task, taskUUID, context)
    case 'getResponse':
      return { outcomes: outcomesOf(taskUUID, context) }
    case 'getTaskDetails':
      return { outcomes: [detailsOf(taskUUID, context)] }
    case 'mediaStorage':
    case 'imageUpload':
      return { outcomes: [await context.library.store(task)] }
    case 'accountManagement':
      return {
        outcomes: [{ kind: 'item', item: { taskType, taskUUID, organizationName: 'Sandbox', balance: context.behavior.balanceUsd } }],
      }
    case 'authentication':
      return { outcomes: [{ kind: 'item', item: { taskType, connectionSessionUUID: randomUUID() } }] }
    case 'ping':
      return { outcomes: [{ kind: 'item', item: { taskType, pong: true } }] }
    default:
      return { outcomes: [refused({ code: 'invalidTaskType', message: 'Unknown task type.', parameter: 'taskType', taskUUID })] }
  }
}

async function createVideo(
  given: unknown,
  taskUUID: string | undefined,
  context: RunwareTasksContext,
): Promise<{ outcomes: TaskOutcome[]; lost?: boolean }> {
  const refuse = (problems: RunwareProblem[]) => ({
    outcomes: problems.map((problem) => refused({ ...problem, taskType: 'videoInference', taskUUID })),
  })
  // Applies even before the first call with this UUID has its response: the job runs once.
  if (taskUUID !== undefined && context.records.has(taskUUID)) {
    return refuse([{ code: 'conflictTaskUUID', message: 'A task with this taskUUID exists already.', parameter: 'taskUUID' }])
  }
  const task = readVideoTask(given, (image) => context.library.addressOf(image))
  if ('problems' in task) return refuse(task.problems)
  const planned = planOrder(task.order.prompt, context)
  if ('refusal' in planned) return refuse([refusals[planned.refusal]])

  const record: TaskRecord = { ...task, request: given, results: [] }
  context.records.set(task.taskUUID, record)
  for (let number = 1; number <= task.numberResults; number++) {
    const order = number === 1 ? task.order : { ...task.order, variation: number }
    const id = number === 1 ? task.taskUUID : `${task.taskUUID}-${number}`
    const onCreated = (job: Job) => {
      record.results.push({ job, videoUUID: randomUUID(), seed: randomInt(2 ** 31) })
      if (task.ttlSeconds !== undefined) context.outputs.limit(job, 1000 * task.ttlSeconds)
    }
    await acceptOrder(order, planned.plan, context, { id, onCreated })
  }
  const item = { taskType: 'videoInference', taskUUID: task.taskUUID }
  return { outcomes: [{ kind: 'item', item }], lost: planned.plan.answerIsLost }
}

/** One outcome for each result of the task. */
function outcomesOf(taskUUID: string | undefined, context: RunwareTasksContext): TaskOutcome[] {
  const record = taskUUID === undefined ? undefined : context.records.get(taskUUID)
  if (record) return record.results.map((result) => resultOf(record, result, context))
  const problem = { code: 'taskNotFound', message: 'The task was not found.', parameter: 'taskUUID', taskType: 'getResponse', taskUUID }
  return [refused(problem)]
}

/** The archived request, and the responses about it as they would be now. */
function detailsOf(taskUUID: string | undefined, context: RunwareTasksContext): TaskOutcome {
  const record = taskUUID === undefined ? undefined : context.records.get(taskUUID)
  const task = { taskType: 'getTaskDetails', taskUUID }
  if (!record) return refused({ code: 'taskNotFound', message: 'The task was not found.', parameter: 'taskUUID', ...task })
  const response = outcomesOf(taskUUID, context).map((outcome) => {
    if (outcome.kind === 'item') return { data: [outcome.item], error: null }
    const { code, message } = outcome.problem
    return { data: [], error: { code, message, taskUUID } }
  })
  return { kind: 'item', item: { ...task, request: [record.request], response } }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
