import { z } from 'zod'

/** The opcodes in both directions, and the payloads that a client sends. */
export const opcodes = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
} as const

export const ClientPayload = z.object({ op: z.number().int(), d: z.unknown() })

export const Identify = z.object({
  token: z.string(),
  intents: z.number().int().nonnegative(),
  properties: z.record(z.string(), z.unknown()),
  shard: z.tuple([z.number().int(), z.number().int().positive()]).optional(),
  compress: z.boolean().optional(),
})

export const Resume = z.object({ token: z.string(), session_id: z.string(), seq: z.number().int() })
