import { RESTJSONErrorCodes, type RESTOptions } from 'discord.js'
import { type Dispatcher, request } from 'undici'
import { z } from 'zod'

import { parseJson } from '../../lib/parse-json.ts'
import type { AgentOptions, Network } from '../../network/network.ts'

import { checkDeadline } from './call-deadline.ts'
import { checkGatewayUrl, isGatewayRequest } from './url-guard.ts'

type MakeRequest = RESTOptions['makeRequest']
type Read = 'arrayBuffer' | 'bodyUsed' | 'headers' | 'json' | 'ok' | 'status' | 'statusText' | 'text'
type ReadResponse = Pick<Response, Read> & { body: null }

/**
 * Sends discord.js's REST calls through the guarded network, so that they reach public addresses only. The library opens the gateway's socket
 * itself, so that URL is checked in the response that names it. Each transport has connections of its own.
 */
export function createTransport(network: Network, options?: AgentOptions): MakeRequest {
  const dispatcher = network.agent(options).compose(checkDeadline)
  return async (url, init) => {
    const response = await request(url, {
      dispatcher,
      method: init.method ?? 'GET',
      ...(await encode(init)),
      signal: init.signal,
      // The client's own timeout covers the whole call; Discord may take minutes to respond to an upload.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const bytes = await response.body.bytes()
    if (isGatewayRequest(url) && response.statusCode === 200) await checkGatewayUrl(bytes, network)
    return toResponse(response, bytes)
  }
}

/** What the library reads of a response. A `Response` of the platform, with its streams, costs several times as much as the call's own bookkeeping. */
function toResponse(response: Dispatcher.ResponseData, bytes: Uint8Array): ReadResponse {
  const status = statusFor(response, bytes)
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(response.headers)) for (const value of [values].flat()) headers.append(name, value)
  const text = () => Promise.resolve(new TextDecoder().decode(bytes))
  return {
    ...{ status, statusText: '', ok: status >= 200 && status < 300, headers, body: null, bodyUsed: true },
    text,
    json: () => text().then((json) => JSON.parse(json) as unknown),
    arrayBuffer: () => Promise.resolve(new Uint8Array(bytes).buffer),
  }
}

/**
 * The library would repeat a 429 that names no time to wait at once and without end. That of an edit to an old message is a refusal like every other, so
 * it becomes a 400; what a proxy sends so is a fault, which the callers retry in their own time.
 */
function statusFor({ statusCode, headers }: Dispatcher.ResponseData, body: Uint8Array): number {
  if (statusCode !== 429) return statusCode
  if (RefusedEdit.safeParse(parseJson(new TextDecoder().decode(body))).success) return 400
  return headers['retry-after'] === undefined ? 503 : statusCode
}

const RefusedEdit = z.object({ code: z.literal(RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached) })

/**
 * The library's types are those of another undici; at run time its headers and forms are the platform's own classes, hence the casts. Nearly all bodies are
 * text with plain headers, which need no encoder; the platform's encoder knows the boundary that a form's content type needs.
 */
async function encode({ body, headers }: Parameters<MakeRequest>[1]) {
  const own = new Headers(headers as never)
  if (typeof body === 'string' || !body) return { body: body || null, headers: Object.fromEntries(own) }
  const encoded = new Response(body as never)
  return {
    body: Buffer.from(await encoded.arrayBuffer()),
    headers: Object.fromEntries([...encoded.headers, ...own]),
  }
}
