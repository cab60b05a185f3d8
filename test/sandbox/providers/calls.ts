import type { FalStandIn } from '../../../sandbox/providers/fal/stand-in.ts'
import type { ReplicateStandIn } from '../../../sandbox/providers/replicate/stand-in.ts'

export interface Answer {
  status: number
  headers: Headers
  /** Parsed JSON, or the text if it is not JSON. */
  body: unknown
}

export interface CallOptions {
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

export const falText = '/fal-ai/kling-video/v2.5-turbo/pro/text-to-video'
export const falImage = '/fal-ai/kling-video/v2.5-turbo/pro/image-to-video'
export const replicateCreate = '/v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions'

export async function call(url: string, { method = 'GET', body, headers = {} }: CallOptions = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  let parsed: unknown = text
  try {
    parsed = JSON.parse(text)
  } catch {
    // Not JSON: the body stays text.
  }
  return { status: response.status, headers: response.headers, body: parsed }
}

/** Calls fal with its key, at a path of the queue or at a full URL. */
export function callFal({ origins, apiKey }: FalStandIn, path: string, { headers, ...options }: CallOptions = {}): Promise<Answer> {
  return call(URL.canParse(path) ? path : origins.queue + path, { ...options, headers: { authorization: `Key ${apiKey}`, ...headers } })
}

export function callReplicate(
  { origins, apiKey }: ReplicateStandIn,
  path: string,
  { headers, ...options }: CallOptions = {},
): Promise<Answer> {
  return call(URL.canParse(path) ? path : origins.api + path, { ...options, headers: { authorization: `Bearer ${apiKey}`, ...headers } })
}

/** fal's response to a submission. */
export interface Submitted {
  request_id: string
  response_url: string
  status_url: string
  cancel_url: string
}

export async function submitToFal(fal: FalStandIn, input: Record<string, unknown> = {}, path = falText): Promise<Submitted> {
  const { body } = await callFal(fal, path, { method: 'POST', body: { prompt: 'a fox', ...input } })
  return body as Submitted
}

export interface CreatedPrediction {
  id: string
  status: string
  output: string | null
  urls: { get: string; cancel: string }
}

export async function createAtReplicate(
  replicate: ReplicateStandIn,
  input: Record<string, unknown> = {},
  headers = {},
): Promise<CreatedPrediction> {
  const { body } = await callReplicate(replicate, replicateCreate, {
    method: 'POST',
    headers,
    body: { input: { prompt: 'a fox', ...input } },
  })
  return body as CreatedPrediction
}
