import { describe, expect, test } from 'vitest'
import { testImage } from '../../../support/media/test-image.ts'
import { call } from '../calls.ts'
import { callWavespeed, customers, wavespeedImage, wavespeedText } from '../customers.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()

interface Task {
  id: string
  status: string
  urls: { get: string }
}

async function submit(body: Record<string, unknown> = {}, path = wavespeedText): Promise<Task> {
  const answer = await callWavespeed(context.providers, path, { method: 'POST', body: { prompt: 'a fox', ...body } })
  expect(answer).toMatchObject({ status: 200, body: { code: 200, message: 'success' } })
  return (answer.body as { data: Task }).data
}

const show = async (task: Task) => ((await callWavespeed(context.providers, task.urls.get)).body as { data: Record<string, unknown> }).data

describe('a task', () => {
  test('is returned in an envelope and goes from created to completed', async () => {
    const { wavespeed } = context.providers
    wavespeed.jobs.hold('start')
    const task = await submit({ duration: 10 })
    expect(task).toMatchObject({
      id: wavespeed.jobs.list()[0]?.id,
      model: 'kwaivgi/kling-v2.5-turbo-pro/text-to-video',
      outputs: [],
      urls: { get: `${wavespeed.origins.api}/api/v3/predictions/${task.id}/result` },
      has_nsfw_contents: [],
      status: 'created',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      error: '',
      timings: { inference: 0 },
    })
    wavespeed.jobs.hold('completion')
    wavespeed.jobs.release('start')
    await wavespeed.jobs.reached('running')
    expect(await show(task)).toMatchObject({ status: 'processing', outputs: [] })
    wavespeed.jobs.release('completion')
    await wavespeed.jobs.reached('succeeded')
    const done = await show(task)
    expect(done).toMatchObject({ status: 'completed', outputs: [expect.any(String) as string], has_nsfw_contents: [false] })
    expect((done as unknown as { timings: { inference: number } }).timings.inference).toBeGreaterThan(100_000)
    expect(done).not.toHaveProperty('code')
  })

  test('ignores unknown fields, and accepts a last image only as `last_image`', async () => {
    const { wavespeed } = context.providers
    const image = `data:image/png;base64,${(await testImage()).toString('base64')}`
    await submit({ seed: 7, end_image: image, image, last_image: undefined }, wavespeedImage)
    await submit({ image, last_image: image }, wavespeedImage)
    expect(wavespeed.jobs.list().map(({ order }) => order.lastImageUrl === undefined)).toEqual([true, false])
  })

  test.for([
    [wavespeedText, { prompt: 'x'.repeat(2501) }, 'prompt'],
    [wavespeedText, { prompt: 'x', duration: '5' }, 'duration'],
    [wavespeedText, { prompt: 'x', duration: 7 }, 'duration'],
    [wavespeedText, { prompt: 'x', guidance_scale: 1.01 }, 'guidance_scale'],
    [wavespeedText, { prompt: 'x', aspect_ratio: '4:3' }, 'aspect_ratio'],
    [`${wavespeedText}?webhook=nowhere`, { prompt: 'x' }, 'webhook'],
  ] as const)('at %s is refused with %o, naming %s', async ([path, body, field]) => {
    const answer = await callWavespeed(context.providers, path, { method: 'POST', body })
    expect(answer).toMatchObject({ status: 400, body: { code: 400, message: expect.stringContaining(field) as string } })
    expect(context.providers.wavespeed.jobs.list()).toEqual([])
  })

  test.for([
    ['moderated', 'failed', 1200],
    ['failed', 'failed', 1403],
    ['timed-out', 'timeout', 5004],
  ] as const)('that is %s is reported with HTTP 200', async ([kind, status, code]) => {
    const { wavespeed } = context.providers
    const task = await submit({ prompt: `sandbox:${kind}` })
    await wavespeed.jobs.reached('failed')
    const answer = await callWavespeed(context.providers, task.urls.get)
    expect(answer).toMatchObject({ status: 200, body: { code: 200, data: { status, code, outputs: [] } } })
    expect((await show(task))['error']).not.toBe('')
  })

  test.for([
    [wavespeedText, {}, 'prompt'],
    [wavespeedImage, { prompt: 'x' }, 'image'],
    [wavespeedImage, {}, 'prompt, image'],
  ] as const)('at %s without a required field is created, as in the documented example, and fails: %o', async ([path, body, fields]) => {
    const { wavespeed } = context.providers
    expect((await callWavespeed(context.providers, path, { method: 'POST', body })).status).toBe(200)
    const { id } = await wavespeed.jobs.reached('failed')
    const task = await callWavespeed(context.providers, `/api/v3/predictions/${id}/result`)
    expect(task).toMatchObject({
      status: 200,
      body: { data: { status: 'failed', code: 1400, error: `Missing required parameter: ${fields}` } },
    })
  })

  test('can be flagged instead of refused', async () => {
    const { wavespeed } = context.providers
    const flagged = await submit({ prompt: 'sandbox:flagged' })
    await wavespeed.jobs.reached('succeeded', flagged.id)
    expect(await show(flagged)).toMatchObject({ status: 'completed', has_nsfw_contents: [true] })
  })

  test('with an unreachable image fails with that code', async () => {
    const task = await submit({ image: 'https://example.com/picture.png' }, wavespeedImage)
    await context.providers.wavespeed.jobs.reached('failed')
    expect(await show(task)).toMatchObject({ status: 'failed', code: 1402 })
  })

  test('runs with two others; a fourth is queued', async () => {
    const { wavespeed } = context.providers
    wavespeed.jobs.hold('completion')
    const tasks = [await submit(), await submit(), await submit()]
    for (const { id } of tasks) await wavespeed.jobs.reached('running', id)
    const fourth = await submit()
    wavespeed.jobs.release('completion')
    await wavespeed.jobs.reached('succeeded', fourth.id)
    const jobs = wavespeed.jobs.list()
    const firstEnd = Math.min(...jobs.map(({ finishedAt = Infinity }) => finishedAt))
    expect(jobs[3]?.startedAt).toBeGreaterThanOrEqual(firstEnd)
    expect(jobs.slice(0, 3).every(({ startedAt = Infinity }) => startedAt < firstEnd)).toBe(true)
  })

  test('that does not exist is not found', async () => {
    expect(await callWavespeed(context.providers, '/api/v3/predictions/none/result')).toMatchObject({ status: 404, body: { code: 404 } })
  })
})

test('tasks are listed newest first, in pages', async () => {
  const { wavespeed } = context.providers
  const [first, second, third] = [await submit(), await submit(), await submit()]
  const list = async (page: object) => callWavespeed(context.providers, '/api/v3/predictions', { method: 'POST', body: page })
  const idsAt = async (page: number) =>
    ((await list({ page, page_size: 2 })).body as { data: { items: { id: string }[] } }).data.items.map(({ id }) => id)
  expect([await idsAt(1), await idsAt(2), await idsAt(3)]).toEqual([[third.id, second.id], [first.id], []])
  expect((await list({ page: 1 })).status).toBe(400)
  expect(wavespeed.requests.count('list')).toBe(4)
})

test('the balance is shown', async () => {
  const balance = { status: 200, body: { code: 200, data: { balance: 100 } } }
  expect(await callWavespeed(context.providers, '/api/v3/balance')).toMatchObject(balance)
})

describe('deleting', () => {
  test.for([
    ['cancels', 'cancelled', 0],
    ['cannot', 'succeeded', 350_000],
  ] as const)('a running task removes it, if that %s the job', async ([onCancel, state, amountMicroUsd]) => {
    const { wavespeed } = context.providers
    wavespeed.behavior.onCancel = onCancel
    wavespeed.jobs.hold('completion')
    const task = await submit()
    await wavespeed.jobs.reached('running')
    const order = { method: 'POST', body: { ids: [task.id, 'nobody'] } }
    const deletion = await callWavespeed(context.providers, '/api/v3/predictions/delete', order)
    expect(deletion).toMatchObject({ status: 200, body: { code: 200, data: { deleted_count: 1 } } })
    expect(await show(task)).toMatchObject({ status: 'deleted', outputs: [] })
    wavespeed.jobs.release('completion')
    await wavespeed.jobs.reached(state)
    expect(wavespeed.invoice.lineOf(task.id)).toMatchObject({ amountMicroUsd })
  })
})

describe('an upload', () => {
  const createUpload = async (body: object) =>
    (await callWavespeed(context.providers, '/api/v3/media/uploads', { method: 'POST', body })).body as {
      data: { download_url: string; upload: { method: 'PUT'; url: string; headers: Record<string, string> } }
    }

  test('requires exactly the announced headers, and no key', async () => {
    const { wavespeed } = context.providers
    const bytes = new Uint8Array(await testImage())
    const { data } = await createUpload({ filename: 'a b.png', size: bytes.length, content_type: 'image/png' })
    const { url, headers } = data.upload
    const put = (sent: Record<string, string>, body = bytes) =>
      fetch(url, { method: 'PUT', headers: sent, body }).then(({ status }) => status)
    expect(await put({ 'content-type': 'image/png' })).toBe(403)
    expect(await put({ ...headers, authorization: `Bearer ${wavespeed.apiKey}` })).toBe(403)
    expect(await put(headers, bytes.subarray(1))).toBe(400)
    expect((await fetch(data.download_url)).status).toBe(404)
    expect(await put(headers)).toBe(200)
    const served = await fetch(data.download_url)
    expect(served.headers.get('content-type')).toBe('image/png')
    expect(new Uint8Array(await served.arrayBuffer())).toEqual(bytes)
    await submit({ image: data.download_url }, wavespeedImage)
    await wavespeed.jobs.reached('succeeded')
  })

  test('can be one multipart call, as in the older API', async () => {
    const { wavespeed } = context.providers
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(await testImage())], { type: 'image/png' }), 'picture.png')
    const response = await fetch(`${wavespeed.origins.api}/api/v3/media/upload/binary`, {
      method: 'POST',
      headers: { authorization: `Bearer ${wavespeed.apiKey}` },
      body: form,
    })
    const { data } = (await response.json()) as { data: { download_url: string } }
    expect((await fetch(data.download_url)).status).toBe(200)
  })
})

test('a clip is kept for seven days', async () => {
  const { clock, wavespeed } = context.providers
  const task = await submit()
  await wavespeed.jobs.reached('succeeded')
  clock.speed = 0
  const clip = customers.wavespeed.clipIn(await callWavespeed(context.providers, task.urls.get)) ?? ''
  clock.advance(6 * 24 * 3600 * 1000)
  expect((await fetch(clip)).status).toBe(200)
  clock.advance(24 * 3600 * 1000)
  expect((await fetch(clip)).status).toBe(404)
})

test('every call needs the key', async () => {
  const { origins } = context.providers.wavespeed
  const answer = await call(origins.api + wavespeedText, { method: 'POST', body: { prompt: 'x' } })
  expect(answer).toMatchObject({ status: 401, body: { code: 401, message: expect.any(String) as string } })
})
