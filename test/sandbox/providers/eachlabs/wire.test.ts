import { describe, expect, test } from 'vitest'
import { testImage } from '../../../support/media/test-image.ts'
import { call } from '../calls.ts'
import { callEachlabs, customers } from '../customers.ts'
import { withStandIns } from '../with-stand-ins.ts'

const publicImage = 'https://storage.googleapis.com/magicpoint/inputs/kling-v2.5-turbo-pro-image-to-video-input.jpg'
const image = await testImage({ type: 'jpeg' })
const context = withStandIns({ outside: (url) => (url.href === publicImage ? image : undefined) })

const slug = 'kling-v2-5-turbo-pro-image-to-video'
const create = (body: object) => callEachlabs(context.providers, '/v1/prediction/', { method: 'POST', body })
const text = (input: object = {}, extra: object = {}) =>
  create({ model: 'kling-v2-5-turbo-pro-text-to-video', input: { prompt: 'a fox', ...input }, ...extra })
const created = async (input: object = {}) => customers.eachlabs.idIn(await text(input))
const show = async (id: string) => (await callEachlabs(context.providers, `/v1/prediction/${id}`)).body as Record<string, unknown>

/** The responses follow the API reference instead of the model's page, until the test ends. */
const followApiReference = () => {
  context.providers.eachlabs.behavior.eachlabsDocument = 'api-reference'
}

describe('a prediction', () => {
  test('is processed until it ends, as on the page of the model', async () => {
    const { eachlabs, clock } = context.providers
    clock.speed = 0
    const id = await created()
    const processing = { status: 'processing', predictionID: id, output: null, metrics: { predict_time: 0 } }
    expect(await show(id)).toEqual(processing)
    clock.advance(4000)
    await eachlabs.jobs.reached('running')
    expect(await show(id)).toEqual(processing)
  })

  test('goes through more states in the API reference', async () => {
    const { eachlabs, clock } = context.providers
    followApiReference()
    clock.speed = 0
    const id = await created()
    expect(await show(id)).toMatchObject({ id, status: 'created', output: null, logs: null, metrics: { predict_time: 0, cost: 0 } })
    clock.advance(4000)
    await eachlabs.jobs.reached('running')
    expect(await show(id)).toMatchObject({ status: 'starting' })
    clock.advance(5000)
    expect(await show(id)).toMatchObject({
      status: 'processing',
      urls: { get: `${eachlabs.origins.api}/v1/prediction/${id}`, cancel: `${eachlabs.origins.api}/v1/prediction/${id}/cancel` },
    })
  })

  test('has its price in the API reference', async () => {
    followApiReference()
    const id = await created({ duration: '10' })
    await context.providers.eachlabs.jobs.reached('succeeded')
    expect(await show(id)).toMatchObject({ id, status: 'success', metrics: { predict_time: expect.any(Number) as number, cost: 0.7 } })
  })

  test('reports the reason of a failure in its details', async () => {
    const id = await created({ prompt: 'sandbox:moderated' })
    await context.providers.eachlabs.jobs.reached('failed')
    expect(await show(id)).toMatchObject({
      ...{ status: 'error', predictionID: id, output: null, message: 'Prediction failed' },
      details: 'Failure to pass the risk control system',
    })
  })

  test('reports the reason of a failure in its output, in the API reference', async () => {
    followApiReference()
    const id = await created({ prompt: 'sandbox:moderated' })
    await context.providers.eachlabs.jobs.reached('failed')
    expect(await show(id)).toMatchObject({ status: 'error', output: { error_code: 'PROVIDER_REJECTED', retryable: false } })
  })

  test.for([
    ['failed', 'PROVIDER_FAILED'],
    ['timed-out', 'EXECUTION_TIMEOUT'],
  ])('that is %s has the code %s in the API reference', async ([kind, code]) => {
    followApiReference()
    const id = await created({ prompt: `sandbox:${kind ?? ''}` })
    await context.providers.eachlabs.jobs.reached('failed')
    expect(await show(id)).toMatchObject({ output: { error_code: code } })
  })

  test.for([
    [{ prompt: undefined }, 'prompt'],
    [{ prompt: 'x'.repeat(2501) }, 'prompt'],
    [{ duration: 5 }, 'duration'],
    [{ duration: '7' }, 'duration'],
    [{ cfg_scale: 1.5 }, 'cfg_scale'],
    [{ aspect_ratio: '4:3' }, 'aspect_ratio'],
    [{ seed: 7 }, 'body'],
  ] as const)('with the input %o is refused', async ([input, field]) => {
    expect(await text(input)).toMatchObject({ status: 400, body: { status: 'error', details: expect.stringContaining(field) as string } })
    expect(context.providers.eachlabs.jobs.list()).toEqual([])
  })

  test.for([
    'data:image/png;base64,AAAA',
    'http://127.0.0.1:9/picture.png',
    'https://localhost/picture.png',
    'http://example.com/picture.png',
  ])('with an image at %s is refused', async (address) => {
    expect((await create({ model: slug, input: { prompt: 'x', image_url: address } })).status).toBe(400)
  })

  test('is refused beyond a hundred in a minute', async () => {
    const { eachlabs, clock } = context.providers
    clock.speed = 0
    eachlabs.behavior.inFlight = Infinity
    for (let number = 0; number < 100; number++) expect((await text()).status).toBe(200)
    expect((await text()).status).toBe(429)
    clock.advance(60_000)
    expect((await text()).status).toBe(200)
  })

  test('of an unknown model, or with an unknown id, is not found', async () => {
    expect((await create({ model: 'unknown', input: {} })).status).toBe(404)
    expect((await callEachlabs(context.providers, '/v1/prediction/none')).status).toBe(404)
    expect((await callEachlabs(context.providers, '/v1/prediction/none/cancel', { method: 'POST' })).status).toBe(404)
  })

  test('is refused while ten are in flight', async () => {
    const { eachlabs } = context.providers
    eachlabs.jobs.hold('completion')
    for (let number = 0; number < 10; number++) expect((await text()).status).toBe(200)
    expect(await text()).toMatchObject({ status: 429, body: { details: expect.stringContaining('rate limited') as string } })
    eachlabs.jobs.release('completion')
    await eachlabs.jobs.reached('succeeded')
    expect((await text()).status).toBe(200)
    expect(eachlabs.jobs.list()).toHaveLength(11)
  })
})

describe('a model', () => {
  const describeModel = (slug: string) => call(`${context.providers.eachlabs.origins.api}/v1/model?slug=${slug}`)

  test.for([
    [slug, ['prompt', 'image_url', 'tail_image_url', 'duration', 'negative_prompt', 'cfg_scale'], ['prompt', 'image_url']],
    ['kling-v2-5-turbo-pro-text-to-video', ['prompt', 'duration', 'negative_prompt', 'cfg_scale', 'aspect_ratio'], ['prompt']],
  ] as const)('%s describes its inputs, also without a key', async ([model, fields, required]) => {
    const { status, body } = await describeModel(model)
    expect([status, body]).toMatchObject([200, { slug: model, version: '0.0.1', output_type: 'video' }])
    const schema = (body as { request_schema: { properties: object; required: string[] } }).request_schema
    expect([Object.keys(schema.properties).sort(), schema.required.sort()]).toEqual([[...fields].sort(), [...required].sort()])
  })

  test('that does not exist is not found', async () => {
    expect((await describeModel('another')).status).toBe(404)
  })
})

describe('cancelling', () => {
  test.for([
    ['cancels', 'cancelled', 'cancelled'],
    ['cannot', 'succeeded', 'success'],
  ] as const)('is accepted; if the provider %s it, the job ends as %s', async ([onCancel, state, status]) => {
    const { eachlabs } = context.providers
    eachlabs.behavior.onCancel = onCancel
    eachlabs.jobs.hold('completion')
    const id = await created()
    await eachlabs.jobs.reached('running')
    const cancel = () => callEachlabs(context.providers, `/v1/prediction/${id}/cancel`, { method: 'POST' })
    expect(await cancel()).toMatchObject({ status: 200, body: { status: 'cancelled', predictionID: id } })
    eachlabs.jobs.release('completion')
    await eachlabs.jobs.reached(state)
    expect(await show(id)).toMatchObject({ status })
    expect(eachlabs.invoice.lineOf(id)?.amountMicroUsd).toBe(onCancel === 'cannot' ? 350_000 : 0)
    expect((await cancel()).status).toBe(400)
  })
})

describe('the key', () => {
  const tries = {
    'x-api-key': (key: string) => ({ 'x-api-key': key }),
    authorization: (key: string) => ({ authorization: `Bearer ${key}` }),
  }
  const ask = async (headers: Record<string, string>) =>
    (await call(`${context.providers.eachlabs.origins.api}/v1/prediction/none`, { headers })).status

  test('is accepted in either header', async () => {
    const { apiKey } = context.providers.eachlabs
    expect([await ask(tries['x-api-key'](apiKey)), await ask(tries.authorization(apiKey))]).toEqual([404, 404])
    expect([await ask({}), await ask(tries['x-api-key']('wrong')), await ask(tries.authorization('wrong'))]).toEqual([401, 401, 401])
  })
})

test('an error is described by a message and details, or, in the API reference, by its status, name and details', async () => {
  const details = expect.any(String) as string
  expect(await create({})).toMatchObject({ status: 400, body: { status: 'error', message: 'bad request', details } })
  followApiReference()
  expect(await create({})).toMatchObject({ status: 400, body: { status: 400, error: 'bad request', details } })
})

describe('an upload', () => {
  const presign = (body: object) => callEachlabs(context.providers, '/v1/upload/presign', { method: 'POST', body })

  test('requires the announced headers, and is served until it expires', async () => {
    const { eachlabs, clock } = context.providers
    // Under load the ticket could expire in virtual time.
    clock.speed = 0
    const { body } = await presign({ content_type: 'image/jpeg', file_type: 'image', expires_in_seconds: 3600 })
    const ticket = body as { id: string; presigned_url: string; public_url: string; required_headers: Record<string, string> }
    const bytes = new Uint8Array(image)
    const put = (headers: Record<string, string>) =>
      fetch(ticket.presigned_url, { method: 'PUT', headers, body: bytes }).then(({ status }) => status)
    expect(await put({ 'content-type': 'image/jpeg' })).toBe(403)
    expect(await put({ ...ticket.required_headers, 'content-type': 'image/png' })).toBe(403)
    expect(await put({ ...ticket.required_headers, 'content-type': 'image/jpeg' })).toBe(200)
    expect(new Uint8Array(await (await fetch(ticket.public_url)).arrayBuffer())).toEqual(bytes)
    await create({ model: slug, input: { prompt: 'x', image_url: ticket.public_url, tail_image_url: ticket.public_url } })
    clock.speed = 10_000
    await eachlabs.jobs.reached('succeeded')
    clock.advance(3600 * 1000)
    expect((await fetch(ticket.public_url)).status).toBe(404)
  })

  test('must be sent within a quarter of an hour, and can be deleted', async () => {
    const { clock } = context.providers
    clock.speed = 0
    const { body } = await presign({ content_type: 'image/png' })
    const ticket = body as { id: string; presigned_url: string; required_headers: Record<string, string> }
    clock.advance(15 * 60 * 1000)
    const headers = { ...ticket.required_headers, 'content-type': 'image/png' }
    expect((await fetch(ticket.presigned_url, { method: 'PUT', headers, body: 'bytes' })).status).toBe(403)
    const remove = () => callEachlabs(context.providers, `/v1/files/${ticket.id}`, { method: 'DELETE' })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404])
    expect((await presign({ content_type: 'image/png', expires_in_seconds: 59 })).status).toBe(400)
  })
})

test('every response has a request id: the given one if there is one', async () => {
  const { eachlabs } = context.providers
  const url = `${eachlabs.origins.api}/v1/prediction/none`
  const headers = { 'x-api-key': eachlabs.apiKey }
  expect((await call(url, { headers })).headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  expect((await call(url, { headers: { ...headers, 'x-request-id': 'mine' } })).headers.get('x-request-id')).toBe('mine')
})
