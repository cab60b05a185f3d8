import { RESTJSONErrorCodes, type RESTOptions } from 'discord.js'
import { type Dispatcher, request } from 'undici'
import { z } from 'zod'

import { parseJson } from '../../lib/parse-json.ts'
import type { Network } from '../../network/network.ts'

import { checkGatewayUrl, isGatewayRequest } from './url-guard.ts'

type MakeRequest = RESTOptions['makeRequest']

/** Statuses without a body: `Response` throws if it is given one. */
const bodiless = new Set([204, 205, 304])

/**
 * Sends discord.js's REST calls through the guarded network, so that they reach public addresses only. The library opens the gateway's socket
 * itself, so that URL is checked in the response that names it.
 */
export function createTransport(network: Network): MakeRequest {
  const dispatcher = network.agent()
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
    const bytes = await response.body.arrayBuffer()
    if (isGatewayRequest(url) && response.statusCode === 200) await checkGatewayUrl(bytes, network)
    const headers = new Headers()
    for (const [name, values = []] of Object.entries(response.headers)) for (const value of [values].flat()) headers.append(name, value)
    return new Response(bodiless.has(response.statusCode) ? null : bytes, { status: statusFor(response, bytes), headers })
  }
}

/**
 * The library would repeat a 429 that names no time to wait at once and without end. That of an edit to an old message is a refusal like every other, so
 * it becomes a 400; what a proxy sends so is a fault, which the callers retry in their own time.
 */
function statusFor({ statusCode, headers }: Dispatcher.ResponseData, body: ArrayBuffer): number {
  if (statusCode !== 429) return statusCode
  if (RefusedEdit.safeParse(parseJson(new TextDecoder().decode(body))).success) return 400
  return headers['retry-after'] === undefined ? 503 : statusCode
}

const RefusedEdit = z.object({ code: z.literal(RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached) })

/**
 * The library's types are those of another undici; at run time its headers and forms are the platform's own classes, hence the two casts. The
 * platform's encoder knows the boundary that a form's content type needs.
 */
async function encode({ body, headers }: Parameters<MakeRequest>[1]) {
  const encoded = new Response(body as never)
  const own = new Headers(headers as never)
  return {
    body: body ? Buffer.from(await encoded.arrayBuffer()) : null,
    headers: Object.fromEntries([...encoded.headers, ...own]),
  }
}
