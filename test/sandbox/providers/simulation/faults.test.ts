import { describe, expect, test } from 'vitest'
import { earlyWebhook, outputFaults, promptFaults, webhookFaults } from '../../../../sandbox/providers/simulation/faults.ts'
import { call, callFal, callReplicate, createAtReplicate, falText, replicateCreate, submitToFal } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()

const falBody = (prompt: string) => ({ method: 'POST', body: { prompt } })
const replicateBody = (prompt: string) => ({ method: 'POST', body: { input: { prompt } } })

/** The status of the refused create call, and a part of its body. */
const refusals = {
  fal: {
    refused: [422, { detail: [{ loc: ['body', 'prompt'] }] }],
    'no-credit': [403, { detail: expect.stringContaining('Exhausted balance') as string }],
    busy: [429, {}],
    down: [503, {}],
    'bad-key': [401, {}],
  },
  replicate: {
    refused: [422, { title: 'Input validation failed', invalid_fields: [{ field: 'input.prompt' }] }],
    'no-credit': [402, { title: 'Insufficient credit', status: 402 }],
    busy: [429, { retry_after: 5, detail: expect.stringContaining('resets in ~5s') as string }],
    down: [503, {}],
    'bad-key': [401, { status: 401 }],
  },
} as const
type Refusal = keyof typeof refusals.fal
const refusalKinds = Object.keys(refusals.fal) as Refusal[]
const failures = ['moderated', 'failed', 'timed-out'] as const

describe.for(refusalKinds)('%s', (kind) => {
  test('is requested by the prompt and creates no job', async () => {
    const { fal, replicate } = context.providers
    const [falStatus, falAnswer] = refusals.fal[kind]
    expect(await callFal(fal, falText, falBody(`a fox sandbox:${kind}`))).toMatchObject({ status: falStatus, body: falAnswer })
    const [status, answer] = refusals.replicate[kind]
    expect(await callReplicate(replicate, replicateCreate, replicateBody(`sandbox:${kind}`))).toMatchObject({ status, body: answer })
    expect([...fal.jobs.list(), ...replicate.jobs.list()]).toEqual([])
  })

  test('is ordered for a number of calls', async () => {
    const { fal } = context.providers
    fal.faults.add({ kind, times: 2 })
    const statuses = []
    for (let number = 0; number < 3; number++) statuses.push((await callFal(fal, falText, falBody('a fox'))).status)
    const [status] = refusals.fal[kind]
    expect(statuses).toEqual([status, status, 200])
  })

  test('is ordered over HTTP for another call than create', async () => {
    const { replicate } = context.providers
    const order = await call(`${replicate.origins.delivery}/sandbox/faults`, { method: 'POST', body: { kind, route: 'list' } })
    expect(order.status).toBe(204)
    const [status] = refusals.replicate[kind]
    expect((await callReplicate(replicate, '/v1/predictions')).status).toBe(status)
    expect((await callReplicate(replicate, '/v1/predictions')).status).toBe(200)
    expect(replicate.requests.count()).toBe(2)
  })
})

test('orders over HTTP are validated and can be cleared', async () => {
  const { fal } = context.providers
  const order = (body: unknown) => call(`${fal.origins.queue}/sandbox/faults`, { method: 'POST', body })
  expect((await order({ kind: 'earthquake' })).status).toBe(400)
  expect((await order({ kind: 'reset' })).status).toBe(400)
  expect((await order({ kind: 'down', times: 5 })).status).toBe(204)
  expect((await call(`${fal.origins.queue}/sandbox/faults`, { method: 'DELETE' })).status).toBe(204)
  expect((await callFal(fal, falText, falBody('a fox'))).status).toBe(200)
})

test('a prompt can request a fault of one provider only', async () => {
  const { fal, replicate } = context.providers
  expect((await callFal(fal, falText, falBody('sandbox:down@fal'))).status).toBe(503)
  expect((await callReplicate(replicate, replicateCreate, replicateBody('sandbox:down@fal'))).status).toBe(201)
})

describe('a job', () => {
  test('that is moderated fails with the reason', async () => {
    const { fal, replicate } = context.providers
    const submitted = await submitToFal(fal, { prompt: 'sandbox:moderated' })
    const created = await createAtReplicate(replicate, { prompt: 'sandbox:moderated' })
    await Promise.all([fal.jobs.reached('failed'), replicate.jobs.reached('failed')])
    expect(await callFal(fal, submitted.status_url)).toMatchObject({ status: 200, body: { status: 'COMPLETED' } })
    expect(await callFal(fal, submitted.response_url)).toMatchObject({
      status: 422,
      body: { detail: [{ type: 'content_policy_violation', ctx: { extra_info: { reason: 'partner_validation_failed' } } }] },
    })
    expect((await callReplicate(replicate, created.urls.get)).body).toMatchObject({
      status: 'failed',
      output: null,
      error: expect.stringMatching(/flagged as sensitive.*\(E005\)/) as string,
    })
  })

  test('that fails is reported as failed', async () => {
    const { fal, replicate } = context.providers
    const submitted = await submitToFal(fal, { prompt: 'sandbox:failed' })
    replicate.faults.add({ kind: 'failed' })
    const created = await createAtReplicate(replicate)
    await Promise.all([fal.jobs.reached('failed'), replicate.jobs.reached('failed')])
    const result = await callFal(fal, submitted.response_url)
    expect(result).toMatchObject({ status: 400, body: { detail: [{ type: 'downstream_service_error' }] } })
    expect(result.headers.get('x-fal-billable-units')).toBe('0')
    expect((await callReplicate(replicate, created.urls.get)).body).toMatchObject({ status: 'failed', error: expect.any(String) as string })
  })

  test('that is slow runs four times as long', async () => {
    const { fal, clock } = context.providers
    const takes = async () => {
      const { request_id: id } = await submitToFal(fal, { prompt: 'sandbox:slow' })
      const { startedAt = 0, finishedAt = 0 } = await fal.jobs.reached('succeeded', id)
      return (finishedAt - startedAt) / 1000
    }
    // Only the first run waits for the clip to be rendered.
    await takes()
    clock.speed = 1000
    expect(await takes()).toBeGreaterThanOrEqual(4 * 0.8 * 160)
  })
})

describe('a response', () => {
  test('is lost after the job was created when the prompt requests it', async () => {
    const { fal, replicate } = context.providers
    await expect(callFal(fal, falText, falBody('sandbox:lost-answer'))).rejects.toThrow('fetch failed')
    await expect(callReplicate(replicate, replicateCreate, replicateBody('sandbox:lost-answer'))).rejects.toThrow('fetch failed')
    await Promise.all([fal.jobs.reached('succeeded'), replicate.jobs.reached('succeeded')])
    expect([fal.jobs.list().length, replicate.jobs.list().length]).toEqual([1, 1])
    expect(fal.requests.list('create')).toMatchObject([{ status: undefined, body: { prompt: 'sandbox:lost-answer' } }])
  })

  test('is missing and no job exists when the connection is reset before the call is read', async () => {
    const { fal } = context.providers
    fal.faults.add({ kind: 'reset' })
    await expect(callFal(fal, falText, falBody('a fox'))).rejects.toThrow('fetch failed')
    expect(fal.jobs.list()).toEqual([])
    expect(fal.requests.list('create')).toMatchObject([{ status: undefined, body: undefined }])
  })

  test('is missing while one origin or all refuse connections', async () => {
    const { fal } = context.providers
    const { origins } = fal
    await fal.refuseConnections('queue')
    await expect(callFal(fal, falText, falBody('a fox'))).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    expect((await fetch(`${origins.media}/files/none`)).status).toBe(404)
    await fal.refuseConnections()
    await expect(fetch(`${origins.media}/files/none`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await fal.acceptConnections()
    expect(fal.origins).toMatchObject(origins)
    expect((await callFal(fal, falText, falBody('a fox'))).status).toBe(200)
  })

  test.for(['html', 'empty', 'malformed', 'unknown-shape'] as const)('is replaced by %s', async (kind) => {
    const { fal } = context.providers
    fal.faults.add({ kind })
    fal.faults.add({ kind, route: 'status', status: 502 })
    const corrupted = await callFal(fal, falText, falBody('a fox'))
    expect(corrupted.status).toBe(200)
    expect(corrupted.body).not.toHaveProperty('request_id')
    expect(corrupted.headers.get('content-type')).toContain(kind === 'html' ? 'text/html' : 'application/json')
    const [job] = fal.jobs.list()
    const status = await callFal(fal, `/fal-ai/kling-video/requests/${job?.id ?? ''}/status`)
    expect(status.status).toBe(502)
  })

  test('is truncated', async () => {
    const { replicate } = context.providers
    replicate.faults.add({ kind: 'truncated' })
    await expect(callReplicate(replicate, replicateCreate, replicateBody('a fox'))).rejects.toThrow('terminated')
    replicate.faults.add({ kind: 'truncated', route: 'output' })
    await replicate.jobs.reached('succeeded')
    const { body } = await callReplicate(replicate, `/v1/predictions/${replicate.jobs.list()[0]?.id ?? ''}`)
    const clip = await fetch((body as { output: string }).output)
    await expect(clip.arrayBuffer()).rejects.toThrow('terminated')
  })

  test('is truncated in a stream', async () => {
    const { fal } = context.providers
    fal.jobs.hold('start')
    const { status_url: address } = await submitToFal(fal)
    fal.faults.add({ kind: 'truncated', route: 'stream' })
    const headers = { authorization: `Key ${fal.apiKey}` }
    await expect(fetch(`${address}/stream`, { headers }).then((stream) => stream.text())).rejects.toThrow(TypeError)
  })
})

test('a finished clip can be missing', async () => {
  const { fal } = context.providers
  const { request_id: id, response_url: address } = await submitToFal(fal)
  await fal.jobs.reached('succeeded', id)
  const { url } = ((await callFal(fal, address)).body as { video: { url: string } }).video
  fal.faults.add({ kind: 'output-gone' })
  expect((await fetch(url)).status).toBe(404)
  expect((await fetch(url)).status).toBe(200)
  fal.faults.add({ kind: 'output-gone', route: 'result' })
  expect((await callFal(fal, address)).status).toBe(404)
  expect((await callFal(fal, address)).status).toBe(200)
})

test('a finished clip can get a new address', async () => {
  const { fal } = context.providers
  const { request_id: id, response_url: address } = await submitToFal(fal)
  await fal.jobs.reached('succeeded', id)
  const ask = async () => ((await callFal(fal, address)).body as { video: { url: string } }).video.url
  const expired = await ask()
  fal.faults.add({ kind: 'link-expired' })
  expect((await fetch(expired)).status).toBe(403)
  const fresh = await ask()
  expect(fresh).not.toBe(expired)
  expect((await fetch(fresh)).status).toBe(200)
  expect((await fetch(expired)).status).toBe(404)
})

test('the tests of stand-ins, faults and webhooks cover every fault that a prompt can request', () => {
  const tried = [...refusalKinds, ...failures, 'slow', 'flagged', 'lost-answer', ...outputFaults, ...webhookFaults, earlyWebhook]
  expect(new Set(promptFaults)).toEqual(new Set(tried))
})
