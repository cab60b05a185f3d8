import { describe, expect, it, onTestFinished } from 'vitest'

import { createFal } from '../../../src/providers/fal/provider.ts'
import type { Status } from '../../../src/providers/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { maxStreams } from '../../../src/providers/shared/http.ts'
import { setUpProvider } from '../stage.ts'
import {
  apiKey,
  cancelRoute,
  detail,
  operationOf,
  output,
  requestPath,
  result,
  resultRoute,
  statusRoute,
  submitted,
  textRoute,
} from './stand-in.ts'

const stage = setUpProvider((origin, context) => createFal({ apiKey, origins: { queue: origin, rest: origin } }, context))
const { signal } = new AbortController()

describe('the stream', () => {
  const streamRoute = `GET ${requestPath}/status/stream`
  const events = (...states: object[]) => states.map((state) => `data: ${JSON.stringify(state)}\n\n`).join('')
  const stream = (text: string, more: ScriptedAnswer = {}) => {
    stage.server.on(streamRoute, { headers: { 'content-type': 'text/event-stream; charset=utf-8' }, text, ...more })
  }
  const watch = async (options: { silence?: number } = {}) => {
    const seen: Status[] = []
    for await (const status of stage.create({ timeouts: { silence: options.silence } }).watch(operationOf(stage.server.origin), { signal }))
      seen.push(status)
    return seen
  }
  const inQueue = { status: 'IN_QUEUE', queue_position: 1 }
  const inProgress = { status: 'IN_PROGRESS' }
  const pending = [
    { state: 'pending', position: 1 },
    { state: 'pending', position: undefined },
  ]

  it('yields each state and, once it is over, the result', async () => {
    stage.server.on(resultRoute, { ...result, headers: { 'x-fal-billable-units': '5' } })
    stream(events(inQueue, inProgress, { status: 'COMPLETED' }, inProgress))
    expect(await watch()).toStrictEqual([...pending, { state: 'completed', url: output, cost: { printed: '5', unit: 70_000 } }])
    expect(stage.server.to(streamRoute)[0]?.headers).toMatchObject({ accept: 'text/event-stream', authorization: `Key ${apiKey}` })
  })

  it('yields a failure', async () => {
    stage.server.on(resultRoute, { status: 422, json: detail('content_policy_violation') })
    stream(events({ status: 'COMPLETED' }))
    expect(await watch()).toMatchObject([{ state: 'failed', error: { kind: 'moderation' } }])
  })

  it('skips comments and names', async () => {
    stream(`: ping\n\nevent: status\r\nid: 1\r\ndata: ${JSON.stringify(inQueue)}\r\n\r\nretry: 5\n\n${events(inProgress)}`)
    expect(await watch()).toStrictEqual(pending)
  })

  it.each<[string, string, ScriptedAnswer]>([
    ['ends', events(inQueue, inProgress), {}],
    ['ends within an event', `${events(inQueue, inProgress)}data: {"status":"COMPL`, {}],
    ['is cut', events(inQueue, inProgress) + ' '.repeat(1000), { fault: 'cut' }],
    ['falls silent', events(inQueue, inProgress), { fault: 'stall' }],
  ])('ends without an error where it %s', async (_, text, more) => {
    stream(text, more)
    expect(await watch({ silence: 200 })).toStrictEqual(pending)
  })

  it.each<[string, ScriptedAnswer, object]>([
    ['a bad key', { status: 401, json: { detail: 'no' } }, { kind: 'auth' }],
    ['503', { status: 503, text: '' }, { kind: 'unavailable', retryable: true }],
    ['something other than a stream', { json: inQueue }, { kind: 'unavailable', retryable: true }],
    ['a reset', { fault: 'reset' }, { kind: 'unavailable', retryable: true }],
  ])('that cannot be opened (%s) is an error', async (_, answer, expected) => {
    stage.server.on(streamRoute, answer)
    await expect(watch()).rejects.toMatchObject({ ...expected, failoverSafe: false })
  })

  it.each([
    ['no JSON', 'data: secret\n\n'],
    ['an unknown state', events({ status: 'secret' })],
    ['an endless event', `data: ${'x'.repeat(600_000)}\n\n`],
  ])('with %s is an error', async (_, text) => {
    stream(text)
    await expect(watch()).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
  })

  it('stops when it is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('shutting down')
    stream(events(inQueue), { fault: 'stall' })
    const watching = stage.provider.watch(operationOf(stage.server.origin), { signal: controller.signal })
    expect((await watching.next()).value).toStrictEqual(pending[0])
    const next = watching.next()
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
  })

  it('is closed when the reader stops', async () => {
    const closed = Promise.withResolvers<undefined>()
    stream(events(inQueue), { fault: 'stall' })
    stage.server.onClose(streamRoute, () => closed.resolve(undefined))
    for await (const status of stage.provider.watch(operationOf(stage.server.origin), { signal })) {
      expect(status).toStrictEqual(pending[0])
      break
    }
    await closed.promise
  })

  describe('of many jobs', () => {
    /** Watches as many jobs as have a stream, each until its first state. Their streams stay open until the test ends. */
    const openAll = async () => {
      stream(events(inProgress), { fault: 'stall' })
      const ended = new AbortController()
      onTestFinished(() => ended.abort())
      const operation = operationOf(stage.server.origin)
      const watching = Array.from({ length: maxStreams }, () => stage.provider.watch(operation, { signal: ended.signal }))
      await Promise.all(watching.map((each) => each.next()))
      return { watching, operation }
    }

    it('leaves connections for cancels, polls and create calls', async () => {
      const { operation } = await openAll()
      stage.server.on(cancelRoute, { status: 202, json: { status: 'CANCELLATION_REQUESTED' } })
      stage.server.on(statusRoute, { json: inProgress })
      stage.server.on(textRoute, submitted(stage.server.origin))
      expect(await stage.provider.cancel(operation, { signal })).toBe('unknown')
      expect(await stage.provider.status(operation, { signal })).toMatchObject({ state: 'pending' })
      const request = { prompt: 'p', durationSeconds: 5 } as const
      expect(await stage.provider.start(request, {}, { attemptId: 'a1', signal })).toMatchObject({ id: 'r1' })
    })

    it('is not opened for those beyond a number, which are polled until one of them ends', async () => {
      const { watching, operation } = await openAll()
      const next = () => stage.provider.watch(operation, { signal }).next()
      expect(await next()).toMatchObject({ done: true })
      expect(stage.server.to(streamRoute)).toHaveLength(maxStreams)
      await watching[0]?.return()
      expect(await next()).toMatchObject({ done: false, value: { state: 'pending' } })
      expect(stage.server.to(streamRoute)).toHaveLength(maxStreams + 1)
    })
  })

  it('is not opened on another origin', async () => {
    stream('')
    for await (const status of stage.provider.watch(operationOf(stage.elsewhere.origin), { signal })) expect.unreachable(status.state)
    expect(stage.server.to(streamRoute)).toHaveLength(1)
    expect(stage.elsewhere.requests).toEqual([])
  })
})
