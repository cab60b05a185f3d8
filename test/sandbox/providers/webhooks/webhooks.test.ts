import { describe, expect, test } from 'vitest'
import type { Behavior } from '../../../../sandbox/providers/simulation/behavior.ts'
import { webhookFaults } from '../../../../sandbox/providers/simulation/faults.ts'
import type { StandIn } from '../../../../sandbox/providers/stand-in/stand-in.ts'
import { call } from '../calls.ts'
import { callEachlabs, callRunware, customers, providerNames, videoTask } from '../customers.ts'
import { startReceiver } from '../receiver.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const text = expect.any(String) as string

/** The webhook bodies of a finished clip and of a failed job. */
const bodies = {
  fal: (id: string, url: string) => [
    { request_id: id, gateway_request_id: id, status: 'OK', payload: { video: { url } } },
    { request_id: id, status: 'ERROR', error: 'Invalid status code: 400', payload: { detail: [{ type: 'downstream_service_error' }] } },
  ],
  replicate: (id: string, url: string) => [
    { id, status: 'succeeded', output: url, error: null, urls: { get: text } },
    { id, status: 'failed', output: null, error: text },
  ],
  wavespeed: (id: string, url: string) => [
    { id, status: 'completed', outputs: [url], error: '', input: { prompt: 'a fox' }, executionTime: expect.any(Number) as number },
    { id, status: 'failed', outputs: [], error: 'Task failed', code: 1403 },
  ],
  runware: (taskUUID: string, videoURL: string) => [
    { taskType: 'videoInference', taskUUID, status: 'success', videoUUID: text, videoURL },
    { taskUUID, status: 'error', code: 'providerError', message: text },
  ],
  eachlabs: (id: string, output: string) => [
    { exec_id: id, status: 'succeeded', output, error: '' },
    { exec_id: id, status: 'failed', output: '', error: 'The provider failed to process the request' },
  ],
}

describe.for(providerNames)('%s', (name) => {
  const customer = customers[name]
  const submit = async (order: { webhook: string; prompt?: string }) => customer.idIn(await customer.submit(context.providers, order))

  test('sends one webhook for a finished clip, and one for a failed job', async () => {
    const receiver = await startReceiver()
    const done = await submit({ webhook: receiver.url })
    await receiver.reached(1)
    const clip = customer.clipIn(await customer.ask(context.providers, done)) ?? 'none'
    expect((await fetch(clip)).status).toBe(200)
    const failed = await submit({ webhook: receiver.url, prompt: 'sandbox:failed' })
    await receiver.reached(2)
    expect(receiver.received.map(({ body }) => body)).toMatchObject([bodies[name](done, clip)[0], bodies[name](failed, '')[1]])
    expect(
      receiver.received.every(({ path, headers }) => path === '/webhooks/token' && headers['content-type'] === 'application/json'),
    ).toBe(true)
    const record = (await call(`${Object.values(context.providers[name].origins)[0] ?? ''}/sandbox/webhooks`)).body
    expect(record).toMatchObject([
      { jobId: done, event: 'completed', attempt: 1, outcome: 200 },
      { jobId: failed, event: 'completed', attempt: 1, outcome: 200 },
    ])
  })

  test('sends no webhook without a URL, and none to another machine', async () => {
    const provider: StandIn = context.providers[name]
    const unobserved = customer.idIn(await customer.submit(context.providers))
    // This machine answers at 0.0.0.0, but it is not a loopback address. Replicate refuses it, so it gets another.
    const receiver = await startReceiver()
    const webhook = name === 'replicate' ? 'https://example.com/webhook' : receiver.url.replace('127.0.0.1', '0.0.0.0')
    const outside = await submit({ webhook })
    await Promise.all([provider.jobs.reached('succeeded', unobserved), provider.webhooks.answered(outside)])
    expect(provider.webhooks.list(unobserved)).toEqual([])
    expect(provider.webhooks.list(outside)[0]).toMatchObject({ outcome: 'unreachable' })
    expect(receiver.received).toEqual([])
  })

  test.for(webhookFaults)('applies a fault that the prompt requests: %s', async (kind) => {
    const receiver = await startReceiver()
    const provider: StandIn = context.providers[name]
    const id = await submit({ webhook: receiver.url, prompt: `a fox sandbox:${kind}` })
    await provider.webhooks.answered(id, kind === 'webhook-twice' ? 2 : 1)
    if (kind === 'webhook-lost') {
      expect(receiver.received).toEqual([])
      expect(provider.webhooks.list(id)[0]).toMatchObject({ fault: kind, outcome: 'lost' })
      return
    }
    expect(provider.webhooks.list(id)[0]).toMatchObject({ fault: kind, outcome: 200 })
    const [first, second] = receiver.received
    if (kind === 'webhook-twice') expect(second).toEqual({ ...first, headers: first?.headers })
    expect(first?.rawBody.includes(id)).toBe(kind !== 'webhook-of-another-job')
  })

  test('retries without the fault that was ordered for one delivery', async () => {
    const receiver = await startReceiver()
    context.providers[name].faults.add({ kind: 'webhook-of-another-job' })
    receiver.answers.push(400)
    const other = customer.idIn(await customer.submit(context.providers, { prompt: 'another' }))
    const id = await submit({ webhook: receiver.url })
    const [first, second] = await receiver.reached(2)
    expect(first?.rawBody).toContain(other)
    expect(second?.rawBody).toContain(id)
  })

  test('can send the webhook before the response to the create call', async () => {
    const receiver = await startReceiver()
    const accepted: unknown[] = []
    const early = submit({ webhook: receiver.url, prompt: 'sandbox:webhook-first' }).then((id) => {
      accepted.push('answer')
      return id
    })
    await receiver.reached(1)
    accepted.push('webhook')
    const id = await early
    expect(accepted).toEqual(['webhook', 'answer'])
    expect(receiver.received[0]?.rawBody).toContain(id)
  })
})

/** Each provider's documented number of attempts, and the virtual seconds from the first to the last. */
const schedules = {
  fal: { attempts: 11, seconds: [3600, 7200], timeoutMs: 15_000 },
  replicate: { attempts: 6, seconds: [45, 60], timeoutMs: 10_000 },
  wavespeed: { attempts: 4, seconds: [20, 35], timeoutMs: 10_000 },
  runware: { attempts: 7, seconds: [20, 31], timeoutMs: 10_000 },
  eachlabs: { attempts: 3, seconds: [16, 20], timeoutMs: 30_000 },
} as const

describe.for(providerNames)('if no attempt is accepted, %s', (name) => {
  test('retries on its schedule and gives up', async () => {
    const receiver = await startReceiver()
    const provider: StandIn = context.providers[name]
    const { attempts, seconds, timeoutMs } = schedules[name]
    // Client and server errors, redirects and timeouts are all retried.
    provider.behavior.webhookTimeoutMs = timeoutMs === provider.behavior.webhookTimeoutMs ? 100 : NaN
    receiver.answers.push(500, 404, 302, ...Array.from({ length: attempts }, () => 503))
    if (name === 'fal') receiver.answers[3] = 'silence'
    const id = customers[name].idIn(await customers[name].submit(context.providers, { webhook: receiver.url }))
    const deliveries = await provider.webhooks.answered(id, attempts)
    expect(deliveries.map(({ attempt }) => attempt)).toEqual(Array.from({ length: attempts }, (_, index) => index + 1))
    expect(new Set(receiver.received.map(({ rawBody }) => rawBody)).size).toBe(1)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    const times = deliveries.map(({ at }) => Date.parse(at))
    const spread = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
    expect(spread).toBeGreaterThanOrEqual(seconds[0])
    if (name === 'fal') expect(deliveries[3]?.outcome).toBe('timed-out')
    context.providers.clock.advance(3 * 3600 * 1000)
    await customers[name].ask(context.providers, id)
    expect(provider.webhooks.list(id)).toHaveLength(attempts)
    const waits: Behavior['webhookRetrySeconds'] = provider.behavior.webhookRetrySeconds
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(seconds[1])
  })
})

test('a retry schedule can be changed', async () => {
  const receiver = await startReceiver()
  const { eachlabs } = context.providers
  eachlabs.behavior.webhookRetrySeconds = [30, 120, 600]
  receiver.answers.push(500, 500, 500, 500)
  const id = customers.eachlabs.idIn(await customers.eachlabs.submit(context.providers, { webhook: receiver.url }))
  expect(await eachlabs.webhooks.answered(id, 4)).toHaveLength(4)
})

test('Replicate sends the selected events and retries only the last', async () => {
  const { replicate } = context.providers
  const receiver = await startReceiver()
  receiver.answers.push(500, 500, 500)
  const input = { prompt: 'a fox' }
  const create = (extra: object) =>
    call(`${replicate.origins.api}/v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${replicate.apiKey}` },
      body: { input, webhook: receiver.url, ...extra },
    })
  const { body } = await create({ webhook_events_filter: ['start', 'output', 'logs', 'completed'] })
  await receiver.reached(4)
  const { id } = body as { id: string }
  expect((await replicate.webhooks.answered(id, 4)).map(({ event }) => event)).toEqual(['start', 'output', 'completed', 'completed'])
  expect(receiver.received[0]?.body).toMatchObject({ status: 'processing', output: null })
  await create({})
  await receiver.reached(6)
  expect(replicate.webhooks.list().map(({ event }) => event)).toEqual(['start', 'output', 'completed', 'completed', 'output', 'completed'])
})

test('Runware sends a webhook for each clip of an order', async () => {
  const receiver = await startReceiver()
  await callRunware(context.providers, [videoTask({ webhookURL: receiver.url, numberResults: 3, includeCost: true })])
  const webhooks = await receiver.reached(3)
  expect(new Set(webhooks.map(({ body }) => body['videoURL'])).size).toBe(3)
  expect(webhooks.map(({ body }) => body['cost'])).toEqual([0.35, 0.35, 0.35])
})

test('Runware sends a failure as the error alone', async () => {
  const receiver = await startReceiver()
  await customers.runware.submit(context.providers, { webhook: receiver.url, prompt: 'sandbox:failed' })
  expect((await receiver.reached(1))[0]?.body).toMatchObject({ status: 'error', code: 'providerError' })
})

test('fal reports a cancelled job as an error', async () => {
  const { fal } = context.providers
  const receiver = await startReceiver()
  fal.jobs.hold('completion')
  const job = customers.fal.idIn(await customers.fal.submit(context.providers, { webhook: receiver.url }))
  await fal.jobs.reached('running', job)
  const headers = { authorization: `Key ${fal.apiKey}` }
  await call(`${fal.origins.queue}/fal-ai/kling-video/requests/${job}/cancel`, { method: 'PUT', headers })
  expect((await receiver.reached(1))[0]?.body).toMatchObject({ request_id: job, status: 'ERROR', error: 'Invalid status code: 499' })
})

test('Eachlabs sends no webhook for a cancelled job', async () => {
  const { eachlabs } = context.providers
  const receiver = await startReceiver()
  eachlabs.jobs.hold('completion')
  const id = customers.eachlabs.idIn(await customers.eachlabs.submit(context.providers, { webhook: receiver.url }))
  await eachlabs.jobs.reached('running', id)
  await callEachlabs(context.providers, `/v1/prediction/${id}/cancel`, { method: 'POST' })
  await eachlabs.jobs.reached('cancelled', id)
  eachlabs.jobs.release('completion')
  await customers.eachlabs.submit(context.providers, { webhook: receiver.url })
  await receiver.reached(1)
  expect(eachlabs.webhooks.list(id)).toEqual([])
})
