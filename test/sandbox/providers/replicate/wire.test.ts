import { describe, expect, test } from 'vitest'
import { call, callReplicate, createAtReplicate, replicateCreate } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const hour = 60 * 60 * 1000

describe('creating a prediction', () => {
  test('returns 201 with the prediction', async () => {
    const { replicate } = context.providers
    replicate.jobs.hold('start')
    const input = { prompt: 'a fox', duration: 10, negative_prompt: 'blur' }
    const { status, body } = await callReplicate(replicate, replicateCreate, { method: 'POST', body: { input } })
    expect(status).toBe(201)
    const id = replicate.jobs.list()[0]?.id ?? ''
    expect(body).toMatchObject({
      id,
      model: 'kwaivgi/kling-v2.5-turbo-pro',
      version: 'hidden',
      input,
      logs: '',
      output: null,
      error: null,
      data_removed: false,
      source: 'api',
      status: 'starting',
      started_at: null,
      completed_at: null,
      metrics: {},
      urls: { get: `${replicate.origins.api}/v1/predictions/${id}`, cancel: `${replicate.origins.api}/v1/predictions/${id}/cancel` },
    })
    expect(body).not.toHaveProperty('webhook')
  })

  test.for([
    [{}, { type: 'required', field: 'input', description: 'prompt is required' }],
    [
      { prompt: 'x', duration: '5' },
      { type: 'enum', field: 'input.duration' },
    ],
    [
      { prompt: 'x', duration: 7 },
      { type: 'enum', field: 'input.duration' },
    ],
    [
      { prompt: 'x', aspect_ratio: '4:3' },
      { type: 'enum', field: 'input.aspect_ratio' },
    ],
    [{ prompt: 7 }, { type: 'invalid_type', field: 'input.prompt' }],
    [{ prompt: 'x'.repeat(2501) }, { type: 'string_lte', field: 'input.prompt' }],
    [
      { prompt: 'x', start_image: 'no address' },
      { type: 'format', field: 'input.start_image' },
    ],
    [
      { prompt: 'x', start_image: `data:image/png;base64,${'A'.repeat(360_000)}` },
      { type: 'invalid', field: 'input.start_image' },
    ],
  ] as const)('refuses the input %o', async ([input, field]) => {
    const { replicate } = context.providers
    const answer = await callReplicate(replicate, replicateCreate, { method: 'POST', body: { input } })
    expect(answer).toMatchObject({ status: 422, body: { title: 'Input validation failed', status: 422 } })
    const { invalid_fields: fields, detail } = answer.body as { invalid_fields: { description: string; field: string }[]; detail: string }
    expect(fields).toContainEqual(expect.objectContaining(field))
    expect(detail).toBe(fields.map((each) => `- ${each.field}: ${each.description}\n`).join(''))
    expect(replicate.jobs.list()).toEqual([])
  })

  test('by version accepts no model in the body', async () => {
    const { replicate } = context.providers
    const version = 'kwaivgi/kling-v2.5-turbo-pro'
    const create = (body: object) => callReplicate(replicate, '/v1/predictions', { method: 'POST', body })
    expect((await create({ version, input: { prompt: 'x' } })).status).toBe(201)
    expect((await create({ version, model: version, input: { prompt: 'x' } })).status).toBe(422)
    expect((await create({ version: 'somebody/else', input: { prompt: 'x' } })).status).toBe(422)
    expect((await create({ input: { prompt: 'x' } })).status).toBe(422)
  })

  test('refuses an insecure webhook URL and unknown events', async () => {
    const { replicate } = context.providers
    const create = (extra: object) =>
      callReplicate(replicate, replicateCreate, { method: 'POST', body: { input: { prompt: 'x' }, ...extra } }).then(({ status }) => status)
    expect(await create({ webhook: 'http://example.com/' })).toBe(422)
    expect(await create({ webhook: 'https://example.com/', webhook_events_filter: ['done'] })).toBe(422)
    expect(await create({ webhook: 'https://example.com/', webhook_events_filter: ['completed'] })).toBe(201)
  })

  test('needs the key', async () => {
    const { replicate } = context.providers
    const options = { method: 'POST', body: { input: { prompt: 'x' } }, headers: { authorization: `Key ${replicate.apiKey}` } }
    const answer = await call(replicate.origins.api + replicateCreate, options)
    expect(answer).toMatchObject({ status: 401, body: { title: 'Unauthenticated', status: 401 } })
  })

  test('waits for the end for up to the given seconds', async () => {
    const { replicate, clock } = context.providers
    // Render the clip first, so that only the virtual run time counts.
    await createAtReplicate(replicate)
    await replicate.jobs.reached('succeeded')
    replicate.behavior.runSeconds = { 5: 10, 10: 10 }
    clock.speed = 10
    expect(await createAtReplicate(replicate, {}, { prefer: 'wait=60' })).toMatchObject({ status: 'succeeded' })
    replicate.jobs.hold('completion')
    expect(await createAtReplicate(replicate, {}, { prefer: 'wait=5' })).toMatchObject({ status: 'processing', output: null })
  })
})

describe('a prediction', () => {
  test('has a plain URL as output, and loses its content after an hour', async () => {
    const { replicate, clock } = context.providers
    clock.speed = 2000
    const { id, urls } = await createAtReplicate(replicate)
    await replicate.jobs.reached('succeeded', id)
    clock.speed = 0
    const { body } = await callReplicate(replicate, urls.get)
    const { output } = body as { output: string }
    expect(body).toMatchObject({ status: 'succeeded', data_removed: false, metrics: { predict_time: expect.any(Number) as number } })
    const served = await fetch(output)
    expect(served.headers.get('content-type')).toBe('video/mp4')
    expect(
      Buffer.from(await served.arrayBuffer())
        .subarray(4, 8)
        .toString(),
    ).toBe('ftyp')

    clock.advance(hour)
    expect((await callReplicate(replicate, urls.get)).body).toMatchObject({
      status: 'succeeded',
      output: null,
      data_removed: true,
      input: {},
    })
    expect((await fetch(output)).status).toBe(404)
  })

  test('is aborted when its deadline passes before it starts, canceled when it passes later', async () => {
    const { replicate, clock } = context.providers
    clock.speed = 0
    replicate.jobs.hold('completion')
    const running = await createAtReplicate(replicate, {}, { 'cancel-after': '1m30s' })
    clock.advance(5_000)
    await replicate.jobs.reached('running', running.id)
    replicate.jobs.hold('start')
    const waiting = await createAtReplicate(replicate, {}, { 'cancel-after': '30' })
    clock.advance(31_000)
    await replicate.jobs.reached('aborted', waiting.id)
    expect((await callReplicate(replicate, waiting.urls.get)).body).toMatchObject({ status: 'aborted' })
    expect(replicate.jobs.get(running.id)?.state).toBe('running')
    clock.advance(60_000)
    await replicate.jobs.reached('cancelled', running.id)
    expect((await callReplicate(replicate, running.urls.get)).body).toMatchObject({ status: 'canceled' })
  })

  test.for(['4s', 'soon', '-5'])('with a deadline of %s is refused', async (deadline) => {
    const { replicate } = context.providers
    const options = { method: 'POST', headers: { 'cancel-after': deadline }, body: { input: { prompt: 'x' } } }
    expect((await callReplicate(replicate, replicateCreate, options)).status).toBe(400)
  })

  test('is listed newest first, in pages of a hundred', async () => {
    const { replicate } = context.providers
    replicate.jobs.hold('start')
    for (let number = 0; number < 101; number++) await createAtReplicate(replicate, { prompt: `number ${number}` })
    const page = (await callReplicate(replicate, '/v1/predictions')).body as { next: string; results: { input: { prompt: string } }[] }
    expect(page.results).toHaveLength(100)
    expect(page.results[0]?.input.prompt).toBe('number 100')
    const rest = (await callReplicate(replicate, page.next)).body as { next: null; results: { input: { prompt: string } }[] }
    expect(rest.results.map(({ input }) => input.prompt)).toEqual(['number 0'])
    expect(rest.next).toBeNull()
  })

  test('that does not exist is not found', async () => {
    const { replicate } = context.providers
    expect((await callReplicate(replicate, '/v1/predictions/unknown')).status).toBe(404)
    expect((await callReplicate(replicate, '/v1/predictions/unknown/cancel', { method: 'POST' })).status).toBe(404)
  })
})
