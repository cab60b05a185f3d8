import { z } from 'zod'

import { Dollars } from '../shared/credit.ts'
import { HttpUrl } from '../shared/response.ts'

const text = z.string().nullish().catch(undefined)

/** An error, wherever it appears in a response. */
const TaskError = z.object({ code: text, message: text, status: text, taskUUID: text })
export type TaskError = z.infer<typeof TaskError>

/** A list without its unreadable members: they may belong to other tasks. */
function listOf<T extends z.ZodType>(member: T) {
  return z.preprocess(
    (value) => (Array.isArray(value) ? value.filter((candidate) => member.safeParse(candidate).success) : value),
    z.array(member).nullish().catch(undefined),
  )
}

/** A result, an acknowledgement or a failure of one task. An unknown state makes it unreadable. */
export const Task = z.object({
  taskUUID: z.string(),
  status: z.enum(['processing', 'success', 'error']).nullish(),
  videoURL: HttpUrl.nullish(),
  cost: z.unknown().optional(),
  progress: z.number().min(0).max(100).nullish().catch(undefined),
  NSFWContent: z.boolean().nullish().catch(undefined),
  error: TaskError.nullish().catch(undefined),
  code: text,
  message: text,
})
export type Task = z.infer<typeof Task>

/** Any response: results, errors beside them, or a single error with or without the task's id. */
export const Body = z.object({
  data: listOf(Task),
  errors: listOf(TaskError),
  error: TaskError.nullish().catch(undefined),
  taskUUID: text,
})

/** An organization that is billed otherwise may have no balance. */
export const AccountDetails = z.object({ data: z.array(z.object({ taskUUID: z.string(), balance: Dollars })) })

export const StoredMedia = z.object({ data: z.array(z.object({ taskUUID: z.string(), mediaUUID: z.string().min(1) })) })

const Identified = z.object({ taskUUID: z.uuid(), status: text })
/** A webhook is the flat task; wrapped ones and bare errors are accepted too. */
export const WebhookBody = z.union([
  Identified,
  z.object({ data: z.tuple([Identified]).rest(z.unknown()) }).transform(({ data }) => data[0]),
  z.object({ errors: z.tuple([Identified]).rest(z.unknown()) }).transform(({ errors }) => errors[0]),
])
