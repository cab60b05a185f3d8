import type { Dispatcher } from 'undici'
import type { z } from 'zod'

import type { ProviderErrorKind } from '../../domain/provider-error.ts'

/** What a provider answered, whatever its status. */
export interface Answer {
  status: number
  /** By lower-case name; of a repeated header the first. */
  headers: Readonly<Record<string, string>>
  /** The JSON value, or undefined where the body is empty, cut short, HTML or anything else that is not JSON. */
  body: unknown
}

/** What a provider's answer means by that provider's own table of errors. */
export interface Rejection {
  kind: ProviderErrorKind
  /** May the same call be made again as it is? */
  retryable?: boolean | undefined
  /** Given in answer to a create call: is it certain that no job was made? A whitelist. */
  notAccepted?: boolean | undefined
  /** Milliseconds the provider asked us to wait. */
  retryAfterMs?: number | undefined
  requestId?: string | undefined
}

/** A provider's table of errors; undefined for what is not in it. Some providers refuse under 200 too. `now` is for hints given as dates. */
export type RejectionTable = (answer: Answer, now: number) => Rejection | undefined

/** Reads an answer; undefined means that it is not one the call understands. */
export type AnswerReader<T> = (answer: Answer) => T | undefined

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** A reader for a 2xx answer whose body has this shape. */
export function readJson<T>(schema: z.ZodType<T>): AnswerReader<T> {
  return (answer) => (isSuccess(answer) ? schema.safeParse(answer.body).data : undefined)
}

export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
  readonly code = 'ERR_ANSWER_TOO_LARGE'
}

/** Reads the whole body, at most `maxBytes`; the connection is given up where there is more. */
export async function readAnswer(response: Dispatcher.ResponseData, maxBytes: number): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) throw new AnswerTooLarge()
    chunks.push(chunk)
  }
  return { status: response.statusCode, headers: flatten(response.headers), body: parseJson(Buffer.concat(chunks).toString('utf8')) }
}

export function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) flat[name.toLowerCase()] = first
  }
  return flat
}

/** The value, or undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
