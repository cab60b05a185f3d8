import { z } from 'zod'

const Url = z.url({ protocol: /^https?$/ })

/** What an error says, in whichever of Runware's places it stands. */
const Complaint = z.object({
  code: z.string().nullish().catch(undefined),
  message: z.string().nullish().catch(undefined),
  status: z.string().nullish().catch(undefined),
  taskUUID: z.string().nullish().catch(undefined),
})
export type Complaint = z.infer<typeof Complaint>

/** A list of which the members that cannot be read are left out: they may belong to other tasks. */
function listOf<T extends z.ZodType>(member: T) {
  return z.preprocess(
    (value) => (Array.isArray(value) ? value.filter((candidate) => member.safeParse(candidate).success) : value),
    z.array(member).nullish().catch(undefined),
  )
}

/** A result, an acknowledgement or a failure of one task. A state that nobody knows makes it unreadable. */
export const Task = z.object({
  taskUUID: z.string(),
  status: z.enum(['processing', 'success', 'error']).nullish(),
  videoURL: Url.nullish(),
  cost: z.number().nonnegative().nullish().catch(undefined),
  progress: z.number().min(0).max(100).nullish().catch(undefined),
  NSFWContent: z.boolean().nullish().catch(undefined),
  error: Complaint.nullish().catch(undefined),
  code: z.string().nullish().catch(undefined),
  message: z.string().nullish().catch(undefined),
})
export type Task = z.infer<typeof Task>

/** Any answer: results, errors beside them, or a single error with or without the task's id. */
export const Body = z.object({
  data: listOf(Task),
  errors: listOf(Complaint),
  error: Complaint.nullish().catch(undefined),
  taskUUID: z.string().nullish().catch(undefined),
})

export const Stored = z.object({ data: z.array(z.object({ taskUUID: z.string(), mediaUUID: z.string().min(1) })) })

export const StoredOperation = z.object({ id: z.string() })

const Identified = z.object({ taskUUID: z.uuid(), status: z.string().nullish().catch(undefined) })
/** A webhook is the flat task; wrapped ones and bare errors are taken too. */
export const WebhookBody = z.union([
  Identified,
  z.object({ data: z.tuple([Identified]).rest(z.unknown()) }).transform(({ data }) => data[0]),
  z.object({ errors: z.tuple([Identified]).rest(z.unknown()) }).transform(({ errors }) => errors[0]),
])
