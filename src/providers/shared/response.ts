import type { Dispatcher } from 'undici'
import { z } from 'zod'

import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import { parseJson } from '../../lib/parse-json.ts'

/** A complete HTTP response of a provider, whatever its status. */
export interface ProviderResponse {
  status: number
  /** By lower-case name; the first value of a repeated header. */
  headers: Readonly<Record<string, string>>
  /** The JSON value, or undefined where the body is not JSON: empty, truncated, HTML. */
  body: unknown
}

/** What a response means by the provider's own table of errors. */
export interface Rejection {
  kind: ProviderErrorKind
  /** May the same call be repeated unchanged? */
  retryable?: boolean | undefined
  /** For a create call: is it certain that no job was made, or that none will be billed? An allowlist: false unless known. */
  notAccepted?: boolean | undefined
  /** Milliseconds that the provider asked us to wait. */
  retryAfterMs?: number | undefined
  requestId?: string | undefined
}

/** A provider's table of errors; undefined for what is not in it. Some providers refuse with status 200. `now` is for hints given as dates. */
export type RejectionTable = (response: ProviderResponse, now: number) => Rejection | undefined

/** Reads a response; undefined where it is not one that the call expects. */
export type ResponseReader<T> = (response: ProviderResponse) => T | undefined

export const HttpUrl = z.url({ protocol: /^https?$/ })

export function isSuccess({ status }: ProviderResponse): boolean {
  return status >= 200 && status < 300
}

/** A reader for a 2xx response whose body has this shape. */
export function readJson<T>(schema: z.ZodType<T>): ResponseReader<T> {
  return (response) => (isSuccess(response) ? schema.safeParse(response.body).data : undefined)
}

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
  readonly code = 'ERR_RESPONSE_TOO_LARGE'
}

/** Reads the whole body; closes the connection and throws where it is larger than `maxBytes`. */
export async function readResponse(response: Dispatcher.ResponseData, maxBytes: number): Promise<ProviderResponse> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) throw new ResponseTooLarge()
    chunks.push(chunk)
  }
  return { status: response.statusCode, headers: flattenHeaders(response.headers), body: parseJson(Buffer.concat(chunks).toString('utf8')) }
}

export function flattenHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) flat[name.toLowerCase()] = first
  }
  return flat
}
