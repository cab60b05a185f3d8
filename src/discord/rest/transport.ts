import type { RESTOptions } from 'discord.js'
import { request } from 'undici'

import type { Network } from '../../network/network.ts'

import { judgeGateway, namesGateway } from './url-guard.ts'

type MakeRequest = RESTOptions['makeRequest']

/** Discord's answers to these carry no body, and a `Response` with one would be refused. */
const bodiless = new Set([204, 205, 304])

/**
 * Sends discord.js's REST calls over the guarded network, so that Discord, too, is only ever reached at a public address. The gateway's socket is
 * opened by the library itself, so its address is judged where it is learnt.
 */
export function createTransport(network: Network): MakeRequest {
  const dispatcher = network.agent()
  return async (url, init) => {
    const { body, headers } = await encode(init)
    const answer = await request(url, {
      dispatcher,
      method: init.method ?? 'GET',
      headers,
      body,
      signal: init.signal,
      // The client's own time-out covers the whole call by the signal; an upload may well take minutes to be answered.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const bytes = await answer.body.arrayBuffer()
    if (namesGateway(url) && answer.statusCode === 200) await judgeGateway(bytes, network)
    return new Response(bodiless.has(answer.statusCode) ? null : bytes, { status: answer.statusCode, headers: flatten(answer.headers) })
  }
}

/**
 * The library's types are those of another undici than the platform's; at run time they are the platform's own classes, hence the two casts.
 * The library's form goes through the platform's own encoder, which also knows the boundary that belongs into the header.
 */
async function encode({
  body,
  headers,
}: Parameters<MakeRequest>[1]): Promise<{ body: Buffer | string | null; headers: Record<string, string> }> {
  const own = Object.fromEntries(new Headers(headers as never))
  if (body === null || body === undefined) return { body: null, headers: own }
  if (typeof body === 'string') return { body, headers: own }
  const encoded = new Response(body as never)
  const contentType = encoded.headers.get('content-type')
  return { body: Buffer.from(await encoded.arrayBuffer()), headers: { ...own, ...(contentType && { 'content-type': contentType }) } }
}

function flatten(headers: Record<string, string | string[] | undefined>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
  )
}
