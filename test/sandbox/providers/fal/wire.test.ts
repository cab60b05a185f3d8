import { describe, expect, test } from 'vitest'
import { call, callFal, falImage, falText, submitToFal } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()

describe('submitting to fal', () => {
  test('returns the request’s addresses, without the rest of the model’s path', async () => {
    const { fal } = context.providers
    fal.jobs.hold('start')
    const webhook = 'http://127.0.0.1:9/hook?token=t1'
    const { status, body, headers } = await callFal(fal, `${falText}?fal_webhook=${encodeURIComponent(webhook)}`, {
      method: 'POST',
      body: { prompt: 'a fox' },
    })
    const [job] = fal.jobs.list()
    const address = `${fal.origins.queue}/fal-ai/kling-video/requests/${job?.id ?? ''}`
    expect(status).toBe(200)
    expect(headers.get('x-fal-request-id')).toBe(job?.id)
    expect(body).toMatchObject({
      status: 'IN_QUEUE',
      request_id: job?.id,
      response_url: address,
      status_url: `${address}/status`,
      cancel_url: `${address}/cancel`,
      queue_position: 0,
    })
    expect(job?.order).toMatchObject({
      webhookUrl: webhook,
      durationSeconds: 5,
      negativePrompt: 'blur, distort, and low quality',
      guidance: 0.5,
    })
  })

  test.for([
    [falText, { prompt: 'x', duration: 5 }, { loc: ['body', 'duration'], type: 'literal_error', input: 5 }],
    [falText, { prompt: 'x', duration: '7' }, { loc: ['body', 'duration'], type: 'literal_error', msg: "Input should be '5' or '10'" }],
    [falText, { prompt: 'x', aspect_ratio: '4:3' }, { loc: ['body', 'aspect_ratio'], type: 'literal_error' }],
    [falText, { prompt: 'x', cfg_scale: 1.1 }, { loc: ['body', 'cfg_scale'], type: 'less_than_equal' }],
    [falText, { prompt: 'x', cfg_scale: -0.1 }, { loc: ['body', 'cfg_scale'], type: 'greater_than_equal' }],
    [falText, { prompt: 'x', cfg_scale: '1' }, { loc: ['body', 'cfg_scale'], type: 'number_type' }],
    [falText, { prompt: 'x'.repeat(2501) }, { loc: ['body', 'prompt'], type: 'string_too_long' }],
    [falText, { prompt: 'x', negative_prompt: 'x'.repeat(2501) }, { loc: ['body', 'negative_prompt'], type: 'string_too_long' }],
    [falText, {}, { loc: ['body', 'prompt'], type: 'missing', msg: 'Field required' }],
    [falText, { prompt: 'x', seed: 7 }, { loc: ['body', 'seed'], type: 'extra_forbidden', input: 7 }],
    [falText, { input: { prompt: 'x' } }, { loc: ['body', 'input'], type: 'extra_forbidden' }],
    [falImage, { prompt: 'x' }, { loc: ['body', 'image_url'], type: 'missing' }],
    [
      falImage,
      { prompt: 'x', image_url: 'http://127.0.0.1/', aspect_ratio: '1:1' },
      { loc: ['body', 'aspect_ratio'], type: 'extra_forbidden' },
    ],
  ] as const)('refuses %s %o', async ([path, body, problem]) => {
    const { fal } = context.providers
    const answer = await callFal(fal, path, { method: 'POST', body })
    expect(answer.status).toBe(422)
    expect((answer.body as { detail: unknown[] }).detail).toContainEqual(expect.objectContaining(problem))
    expect(fal.jobs.list()).toEqual([])
  })

  test('accepts every field up to its limits', async () => {
    const { fal } = context.providers
    const body = { prompt: 'x'.repeat(2500), negative_prompt: 'x'.repeat(2500), cfg_scale: 1, duration: '10', aspect_ratio: '9:16' }
    expect((await callFal(fal, falText, { method: 'POST', body })).status).toBe(200)
  })

  test('has no other model and no other call', async () => {
    const { fal } = context.providers
    const body = { prompt: 'x' }
    expect((await callFal(fal, '/fal-ai/kling-video/v2.5-turbo/pro/video-to-video', { method: 'POST', body })).status).toBe(404)
    expect((await callFal(fal, '/fal-ai/other', { method: 'POST', body })).status).toBe(404)
    expect((await callFal(fal, '/fal-ai/kling-video/requests/unknown/status')).status).toBe(404)
    expect(await callFal(fal, '/fal-ai/kling-video/requests/unknown/cancel', { method: 'PUT' })).toMatchObject({
      status: 404,
      body: { status: 'NOT_FOUND' },
    })
    expect(fal.requests.list().find(({ path }) => path === '/fal-ai/other')?.route).toBeUndefined()
  })

  test.for([undefined, 'Bearer', 'Key wrong'])('is refused with the authorization %s', async (scheme) => {
    const { fal } = context.providers
    const authorization = scheme === 'Bearer' ? `Bearer ${fal.apiKey}` : scheme
    const options = { method: 'POST', body: { prompt: 'x' }, headers: { ...(authorization !== undefined && { authorization }) } }
    expect(await call(fal.origins.queue + falText, options)).toMatchObject({ status: 401, body: { detail: expect.any(String) as string } })
    expect(fal.requests.list('create')[0]?.authorization).toBe(scheme ? 'wrong' : 'none')
    expect(JSON.stringify(fal.requests.list())).not.toContain(fal.apiKey)
  })
})

describe('a request at fal', () => {
  test('shows its queue position, its progress, and its result', async () => {
    const { fal } = context.providers
    fal.behavior.concurrency = 1
    fal.jobs.hold('completion')
    const first = await submitToFal(fal)
    await fal.jobs.reached('running', first.request_id)
    const second = await submitToFal(fal)
    const third = await submitToFal(fal)
    expect(await callFal(fal, third.status_url)).toMatchObject({ status: 202, body: { status: 'IN_QUEUE', queue_position: 1 } })
    expect(await callFal(fal, first.status_url)).toMatchObject({ status: 202, body: { status: 'IN_PROGRESS', logs: null } })
    expect(await callFal(fal, `${first.status_url}?logs=1`)).toMatchObject({ body: { status: 'IN_PROGRESS', logs: [] } })
    expect(await callFal(fal, first.response_url)).toMatchObject({ status: 400, body: { detail: 'Request is still in progress' } })

    fal.jobs.release('completion')
    await fal.jobs.reached('succeeded', second.request_id)
    const { body, status } = await callFal(fal, first.status_url)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'COMPLETED', request_id: first.request_id, response_url: first.response_url })
    const seconds = (body as { metrics: { inference_time: number } }).metrics.inference_time
    expect(seconds).toBeGreaterThanOrEqual(128)
    for (const path of [first.response_url, `${first.response_url}/response`]) {
      const result = await callFal(fal, path)
      expect(result.status).toBe(200)
      expect(result.headers.get('x-fal-request-id')).toBe(first.request_id)
      expect(result.headers.get('x-fal-billable-units')).toBe('5')
      expect(result.body).toMatchObject({ video: { content_type: 'video/mp4', file_name: 'output.mp4' } })
    }
  })

  test('streams each state once, until the job ends', async () => {
    const { fal } = context.providers
    fal.jobs.hold('start')
    fal.jobs.hold('completion')
    const submitted = await submitToFal(fal)
    const response = await fetch(`${submitted.status_url}/stream`, { headers: { authorization: `Key ${fal.apiKey}` } })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const states: string[] = []
    const decoder = new TextDecoder()
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      states.push(...[...decoder.decode(chunk).matchAll(/"status":"(\w+)"/g)].map(([, state]) => state ?? ''))
      if (states.at(-1) === 'IN_QUEUE') fal.jobs.release('start')
      if (states.at(-1) === 'IN_PROGRESS') fal.jobs.release('completion')
    }
    expect(states).toEqual(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'])
  })
})

describe("fal's storage", () => {
  test('serves a file without a key once it is uploaded', async () => {
    const { fal } = context.providers
    const initiated = await callFal(fal, `${fal.origins.rest}/storage/upload/initiate?storage_type=fal-cdn-v3`, {
      method: 'POST',
      body: { content_type: 'image/png', file_name: 'a frame.png' },
    })
    const { upload_url: uploadUrl, file_url: fileUrl } = initiated.body as { upload_url: string; file_url: string }
    expect((await fetch(fileUrl)).status).toBe(404)
    const body = Buffer.from('some bytes')
    expect((await fetch(uploadUrl, { method: 'PUT', body, headers: { 'content-type': 'image/png' } })).status).toBe(200)
    const served = await fetch(fileUrl)
    expect(served.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await served.arrayBuffer())).toEqual(body)
    expect((await fetch(`${fal.origins.media}/upload?ticket=guessed`, { method: 'PUT', body })).status).toBe(403)
  })

  test('refuses an upload without a type and a name', async () => {
    const { fal } = context.providers
    const answer = await callFal(fal, `${fal.origins.rest}/storage/upload/initiate`, { method: 'POST', body: {} })
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'content_type'] }, { loc: ['body', 'file_name'] }] } })
  })
})
