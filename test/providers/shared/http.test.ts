import Bottleneck from 'bottleneck'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

import { createNetwork, type Network } from '../../../src/network/network.ts'
import { readJson } from '../../../src/providers/shared/response.ts'
import { type Call, createProviderHttp, type ProviderContext } from '../../../src/providers/shared/http.ts'
import { createInstantClock } from '../../support/clocks/instant-clock.ts'
import { type ScriptedProvider, startScriptedProvider } from '../../support/providers/scripted-provider.ts'

describe('the HTTP client of a provider', () => {
  let network: Network
  let server: ScriptedProvider
  const { signal } = new AbortController()
  const clock = createInstantClock()
  const read = readJson(z.object({ ok: z.boolean() }))

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })

  const make = (context: Partial<ProviderContext> = {}, origins = [server.origin]) =>
    createProviderHttp(
      { provider: 'fal', origins, keyHeaders: { authorization: 'Key secret' }, rejections: () => undefined },
      { network, clock, ...context },
    )
  const send = (call: Partial<Call<{ ok: boolean }>> = {}, context: Partial<ProviderContext> = {}) =>
    make(context).send({ method: 'GET', url: `${server.origin}/a`, step: 'follow', signal, read, ...call })

  it('sends nothing to an origin that is not the provider’s', async () => {
    await using elsewhere = await startScriptedProvider()
    for (const step of ['prepare', 'submit', 'follow'] as const) {
      await expect(send({ step, url: `${elsewhere.origin}/a` })).rejects.toMatchObject({ kind: 'unavailable' })
    }
    await expect(
      make()
        .stream({ url: `${elsewhere.origin}/a`, signal })
        .next(),
    ).rejects.toMatchObject({ kind: 'unavailable' })
    expect(elsewhere.requests).toEqual([])
  })

  it('compares origins by scheme and port, too', () => {
    const http = make({}, ['https://queue.example/'])
    const isOwn = (url: string) => http.ownUrl(url) === url
    expect(isOwn('https://queue.example/a?b#c')).toBe(true)
    expect(isOwn('https://QUEUE.example:443/')).toBe(true)
    for (const foreign of [
      'http://queue.example/',
      'https://queue.example:444/',
      'https://queue.example.evil/',
      'https://evil/?queue.example',
    ]) {
      expect(isOwn(foreign)).toBe(false)
    }
    for (const odd of ['https://queue.example@evil/', '//queue.example/', 'queue.example', '', 'javascript:0'])
      expect(isOwn(odd)).toBe(false)
  })

  it('does not follow a redirect with the key', async () => {
    await using elsewhere = await startScriptedProvider()
    server.on('GET /a', { status: 302, headers: { location: `${elsewhere.origin}/a` } })
    await expect(send()).rejects.toMatchObject({ kind: 'unavailable', httpStatus: 302 })
    expect(elsewhere.requests).toEqual([])
  })

  it.each(['POST', 'PUT'] as const)('sends a %s of the follow step once', async (method) => {
    server.on(`${method} /a`, { status: 503 })
    await expect(send({ method })).rejects.toMatchObject({ retryable: true })
    expect(server.requests).toHaveLength(1)
  })

  it('stops repeating when it is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('shutting down')
    server.on('GET /a', () => {
      controller.abort(reason)
      return { status: 503 }
    })
    await expect(send({ signal: controller.signal })).rejects.toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  it('ends a response that trickles in byte by byte', async () => {
    server.on('GET /a', { text: '{"ok":', fault: 'stall' })
    await expect(send({}, { timeouts: { response: 100, connect: 100 } })).rejects.toMatchObject({ kind: 'timeout', retryable: true })
  })

  it('applies the limiter to every attempt', async () => {
    const limiter = new Bottleneck({ maxConcurrent: 1 })
    let turns = 0
    limiter.on('executing', () => turns++)
    server.on('GET /a', { status: 503 }, { fault: 'reset' }, { json: { ok: true } })
    expect(await send({}, { limiter })).toEqual({ ok: true })
    expect(turns).toBe(3)
  })

  it('holds the limiter only while a stream is opened', async () => {
    const limiter = new Bottleneck({ maxConcurrent: 1 })
    server.on('GET /events', { headers: { 'content-type': 'text/event-stream' }, text: 'data: 1\n\n', fault: 'stall' })
    server.on('GET /a', { json: { ok: true } })
    const http = make({ limiter })
    const events = http.stream({ url: `${server.origin}/events`, signal })
    expect((await events.next()).value).toBe('1')
    expect(await http.send({ method: 'GET', url: `${server.origin}/a`, step: 'follow', signal, read })).toEqual({ ok: true })
    await events.return()
  })
})
