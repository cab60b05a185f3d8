import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { testImage } from '../../support/media/test-image.ts'
import { callFal, callReplicate, replicateCreate } from './calls.ts'
import { callEachlabs, callRunware, callWavespeed, wavespeedImage } from './customers.ts'
import { falClientOf } from './fal/fal-client.ts'
import { startReceiver } from './receiver.ts'
import { withStandIns } from './with-stand-ins.ts'

/** Every example in the providers' documents of the model, sent as it is printed: it is accepted, and answered in the printed shape. */
const image = await testImage({ type: 'jpeg' })
const context = withStandIns({ outside: () => image })

interface Example<Request = Record<string, unknown>, Response = Record<string, unknown>> {
  request: Request
  response: Response
}

function printed<T>(provider: string): T[] {
  return JSON.parse(readFileSync(new URL(`printed/${provider}.json`, import.meta.url), 'utf8')) as T[]
}

/** What a printed response says about any other: its fields and their types, and that an address is one. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each)]))
  if (typeof value === 'string') return value.endsWith('.mp4') ? (expect.stringMatching(/^http.*\.mp4$/) as string) : expect.any(String)
  return expect.any(typeof value === 'number' ? Number : Boolean)
}

test('nineteen calls are printed', () => {
  // fal prints each request for its client, for curl and with all fields; WaveSpeed prints two calls, and so does Eachlabs.
  expect(printed('replicate').length + printed('runware').length + 3 * printed('fal').length + 2 + 2).toBe(19)
})

describe.for(printed<Example<{ prompt: string }, string>>('replicate'))("Replicate's input $request.prompt", ({ request, response }) => {
  test('makes a clip', async () => {
    const { replicate } = context.providers
    const created = await callReplicate(replicate, replicateCreate, { method: 'POST', body: { input: request } })
    expect(created).toMatchObject({ status: 201, body: { input: request, status: 'starting' } })
    const { id } = await replicate.jobs.reached('succeeded')
    const { body } = await callReplicate(replicate, `/v1/predictions/${id}`)
    expect((body as { output: unknown }).output).toEqual(shapeOf(response))
  })
})

describe("WaveSpeed's calls", () => {
  const text = expect.any(String) as string
  const status = expect.stringMatching(/^(created|processing|completed|failed)$/) as string
  const timings = { inference: expect.any(Number) as number }
  /** The page lists the fields of a response. */
  const task = {
    id: text,
    model: text,
    outputs: [],
    urls: { get: text },
    has_nsfw_contents: [],
    status,
    created_at: text,
    error: text,
    timings,
  }
  const response = { code: 200, message: 'success', data: task }

  test('create a task and query its result', async () => {
    const [example] = printed<Pick<Example, 'request'>>('wavespeed')
    const created = await callWavespeed(context.providers, wavespeedImage, { method: 'POST', body: example?.request })
    expect(created).toMatchObject({ status: 200, body: response })
    // The printed body has neither the image nor the prompt that the same page requires: a task cannot be made of it.
    const { id } = await context.providers.wavespeed.jobs.reached('failed')
    const result = await callWavespeed(context.providers, `/api/v3/predictions/${id}/result`)
    expect(result).toMatchObject({ status: 200, body: response })
  })
})

describe.for(printed<Example<{ taskUUID: string }>>('runware'))("Runware's task $request.taskUUID", ({ request, response }) => {
  test('makes a clip', async () => {
    const { taskUUID } = request
    expect(await callRunware(context.providers, [request])).toMatchObject({ status: 200, body: { data: [{ taskUUID }] } })
    await context.providers.runware.jobs.reached('succeeded')
    const { body } = await callRunware(context.providers, [{ taskType: 'getResponse', taskUUID }])
    const { cost, seed, ...rest } = response as { cost: number; seed: number }
    expect(body).toMatchObject({ data: [{ ...(shapeOf(rest) as object), seed: shapeOf(seed), taskUUID, cost }] })
  })
})

interface FalExample extends Example<{ prompt: string; image_url: string }, { video: object }> {
  url: string
  quickStart: { prompt: string; image_url: string }
}

describe.for(printed<FalExample>('fal'))("fal's $url", ({ url, quickStart, request, response }) => {
  const { pathname } = new URL(url)

  test('is answered with the clip', async () => {
    const { fal } = context.providers
    const answer = await callFal(fal, fal.origins.run + pathname, { method: 'POST', body: quickStart })
    expect(answer).toMatchObject({ status: 200, body: shapeOf(response) as object })
  })

  test('makes a clip through the client', async () => {
    const options = { input: quickStart, logs: true, pollInterval: 20 }
    const answer = (await falClientOf(context.providers.fal).subscribe(pathname.slice(1), options)) as unknown
    expect(answer).toMatchObject({ data: shapeOf(response) as object })
  })

  test('accepts the example of all fields in the queue', async () => {
    const { fal } = context.providers
    expect((await callFal(fal, pathname, { method: 'POST', body: request })).status).toBe(200)
    const { id } = await fal.jobs.reached('succeeded')
    const result = await callFal(fal, `/fal-ai/kling-video/requests/${id}`)
    expect(result).toMatchObject({ status: 200, body: shapeOf(response) as object })
  })
})

interface EachlabsExample {
  request: { model: string; input: Record<string, string> }
  result: { status: string }
  webhook: { status: string }
  error: { status: string }
}

describe("Eachlabs' example", () => {
  const [example] = printed<EachlabsExample>('eachlabs')
  if (!example) throw new Error('it is printed')
  const { request, result, webhook, error } = example
  const create = (body: object) => callEachlabs(context.providers, '/v1/prediction/', { method: 'POST', body })
  const predictionID = ({ body }: { body: unknown }) => (body as { predictionID: string }).predictionID

  test('makes a clip, whose result has exactly the printed fields', async () => {
    const { eachlabs } = context.providers
    const created = await create(request)
    expect(created.status).toBe(200)
    const { id } = await eachlabs.jobs.reached('succeeded')
    expect(predictionID(created)).toBe(id)
    const { body } = await callEachlabs(context.providers, `/v1/prediction/${id}`)
    expect(body).toEqual({
      ...{ ...result, status: 'success', predictionID: id, output: expect.stringMatching(/^http.*\.mp4$/) as string },
      metrics: { predict_time: expect.any(Number) as number },
    })
  })

  test('sends the printed webhook, also for a job that fails', async () => {
    const receiver = await startReceiver()
    const id = predictionID(await create({ ...request, webhook_url: receiver.url }))
    const [done] = await receiver.reached(1)
    expect(done?.body).toEqual({ ...webhook, exec_id: id, output: expect.stringMatching(/^http.*\.mp4$/) as string })
    await create({ ...request, webhook_url: receiver.url, input: { ...request.input, prompt: 'sandbox:failed' } })
    const [, failed] = await receiver.reached(2)
    expect(failed?.body).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) as string })
    expect(Object.keys(failed?.body ?? {})).toEqual(Object.keys(webhook))
  })

  test.for([
    ['invalid input', { ...request, input: {} }, 400],
    ['an unknown model', { ...request, model: 'another' }, 404],
  ] as const)('has the printed error for %s', async ([, body, status]) => {
    expect(await create(body)).toEqual({ status, headers: expect.anything() as Headers, body: shapeOf(error) })
  })
})
