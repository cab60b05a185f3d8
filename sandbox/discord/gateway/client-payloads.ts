import type { RawData } from 'ws'
import { z } from 'zod'

import { refuseClient } from './refusals.ts'

/** The opcodes in both directions that have a meaning here. */
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

/** The other opcodes that a client may send: presence, voice states, and requests for members and sounds. They have no effect here. */
export const ignoredOpcodes: readonly number[] = [3, 4, 8, 31]

const maximumClientBytes = 4096
const ClientPayload = z.object({ op: z.number().int(), d: z.unknown() })

export const Identify = z.object({
  token: z.string(),
  intents: z.number().int(),
  properties: z.record(z.string(), z.unknown()),
  shard: z.tuple([z.number().int(), z.number().int()]).default([0, 1]),
  compress: z.boolean().optional(),
})

export const Resume = z.object({ token: z.string(), session_id: z.string(), seq: z.number().int().nonnegative() })

export function readPayload(received: RawData): z.infer<typeof ClientPayload> {
  const bytes = bytesOf(received)
  if (bytes.length > maximumClientBytes) throw refuseClient.undecodable()
  return parseAs(ClientPayload, jsonOf(bytes))
}

/** @throws GatewayRefusal (4002) */
export function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw refuseClient.undecodable()
  return parsed.data
}

function bytesOf(received: RawData): Buffer {
  if (Buffer.isBuffer(received)) return received
  return Array.isArray(received) ? Buffer.concat(received) : Buffer.from(received)
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
