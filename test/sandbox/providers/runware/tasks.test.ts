import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { testImage } from '../../../support/media/test-image.ts'
import { call } from '../calls.ts'
import { callRunware, customers, videoTask } from '../customers.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const text = expect.any(String) as string

const create = (task: Record<string, unknown> = {}) => callRunware(context.providers, [videoTask(task)])
const poll = (...ids: string[]) =>
  callRunware(
    context.providers,
    ids.map((taskUUID) => ({ taskType: 'getResponse', taskUUID })),
  )
const refused = (code: string, extra: object = {}) => ({
  status: 400,
  body: { errors: [expect.objectContaining({ code, message: text, ...extra }) as object] },
})

describe('a task', () => {
  test('is acknowledged with its UUID, processed, and returned as a flat item', async () => {
    const { runware } = context.providers
    runware.jobs.hold('completion')
    const taskUUID = randomUUID()
    expect(await create({ taskUUID, includeCost: true, duration: 10 })).toMatchObject({
      status: 200,
      body: { data: [{ taskType: 'videoInference', taskUUID }] },
    })
    expect((await poll(taskUUID)).body).toEqual({ data: [{ taskType: 'videoInference', taskUUID, status: 'processing' }] })
    runware.jobs.release('completion')
    await runware.jobs.reached('succeeded')
    expect(await poll(taskUUID)).toMatchObject({
      status: 200,
      body: { data: [{ taskUUID, status: 'success', videoUUID: text, videoURL: text, seed: expect.any(Number) as number, cost: 0.7 }] },
    })
    expect(runware.jobs.get(taskUUID)?.state).toBe('succeeded')
  })

  test('includes its cost unless that is declined, as the examples show, and its content check only on request', async () => {
    const { runware } = context.providers
    const plain = randomUUID()
    const checked = randomUUID()
    await create({ taskUUID: plain, includeCost: false })
    await create({ taskUUID: checked, positivePrompt: 'sandbox:flagged', safety: { checkContent: true, mode: 'fast' } })
    await Promise.all([runware.jobs.reached('succeeded', plain), runware.jobs.reached('succeeded', checked)])
    const { data } = (await poll(plain, checked)).body as { data: Record<string, unknown>[] }
    expect(Object.keys(data[0] ?? {}).sort()).toEqual(['seed', 'status', 'taskType', 'taskUUID', 'videoURL', 'videoUUID'])
    expect(data[1]).toMatchObject({ NSFWContent: true, cost: 0.37 })
  })

  test('sent twice with one UUID runs once', async () => {
    const { runware } = context.providers
    const task = videoTask()
    const answers = await Promise.all([callRunware(context.providers, [task]), callRunware(context.providers, [task])])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(answers.find(({ status }) => status === 400)).toMatchObject(refused('conflictTaskUUID', { taskUUID: task.taskUUID }))
    await runware.jobs.reached('succeeded')
    expect(runware.jobs.list()).toHaveLength(1)
    expect(runware.invoice.sheet().totalMicroUsd).toBe(350_000)
  })

  test('whose response was lost is a conflict when sent again', async () => {
    const { runware } = context.providers
    runware.faults.add({ kind: 'lost-answer' })
    const task = videoTask()
    await expect(callRunware(context.providers, [task])).rejects.toThrow('fetch failed')
    expect(await callRunware(context.providers, [task])).toMatchObject(refused('conflictTaskUUID'))
    expect(runware.jobs.list()).toHaveLength(1)
  })

  test('that was refused can be sent again with the same UUID', async () => {
    context.providers.runware.faults.add({ kind: 'no-credit' })
    const task = videoTask()
    expect((await callRunware(context.providers, [task])).status).toBe(402)
    expect((await callRunware(context.providers, [task])).status).toBe(200)
  })

  test.for([
    [{ width: 1280, height: 720 }, '16:9'],
    [{ width: 720, height: 720 }, '1:1'],
    [{ width: 720, height: 1280 }, '9:16'],
    [{}, undefined],
  ] as const)('of the size %o has that aspect ratio', async ([size, aspectRatio]) => {
    expect((await create(size)).status).toBe(200)
    expect(context.providers.runware.jobs.list()[0]?.order.aspectRatio).toBe(aspectRatio)
  })

  test.for([
    [{ width: 1920, height: 1080 }, 'unsupportedDimensions', { parameter: ['width', 'height'] }],
    [{ width: 1280 }, 'unsupportedDimensions', {}],
    [{ duration: 7 }, 'unsupportedDuration', { parameter: 'duration', allowedValues: [5, 10] }],
    [{ duration: '5' }, 'unsupportedDuration', {}],
    [{ positivePrompt: 'x' }, 'invalidPositivePrompt', { parameter: 'positivePrompt' }],
    [{ positivePrompt: undefined }, 'missingParameter', { parameter: 'positivePrompt' }],
    [{ positivePrompt: 'x'.repeat(2501) }, 'invalidPositivePrompt', {}],
    [{ negativePrompt: 'x' }, 'invalidNegativePrompt', {}],
    [{ CFGScale: 1.01 }, 'invalidCFGScale', {}],
    [{ CFGScale: 0.123 }, 'invalidCFGScale', {}],
    [{ model: 'klingai:1@1' }, 'invalidModel', {}],
    [{ numberResults: 5 }, 'invalidNumberResults', {}],
    [{ ttl: 59 }, 'invalidTtl', {}],
    [{ outputQuality: 100 }, 'invalidOutputQuality', {}],
    [{ deliveryMethod: 'sync' }, 'invalidDeliveryMethod', {}],
    [{ frameImages: [] }, 'unsupportedParameter', { parameter: 'frameImages' }],
    [{ taskUUID: 'mine' }, 'invalidTaskUUID', {}],
    [{ inputs: { frameImages: [randomUUID()] } }, 'invalidFrameImage', {}],
    [{ inputs: { frameImages: ['AAAA', { image: 'AAAA', frame: 'first' }] } }, 'invalidFrame', {}],
    [{ inputs: { frameImages: ['AAAA', 'AAAA', 'AAAA'] } }, 'invalidInputsFrameImages', {}],
  ] as const)('with %o is refused: %s', async ([task, code, extra]) => {
    expect(await create(task)).toMatchObject(refused(code, extra))
    expect(context.providers.runware.jobs.list()).toEqual([])
  })

  test('accepts images in every form, each as the right frame', async () => {
    const { runware } = context.providers
    const image = await testImage()
    const base64 = image.toString('base64')
    const { body } = await callRunware(context.providers, [
      { taskType: 'mediaStorage', taskUUID: randomUUID(), operation: 'upload', media: base64 },
    ])
    const [{ mediaUUID, mediaURL } = { mediaUUID: '', mediaURL: '' }] = (body as { data: { mediaUUID: string; mediaURL: string }[] }).data
    expect((await fetch(mediaURL)).status).toBe(200)
    const forms = [mediaUUID, mediaURL, base64, `data:image/png;base64,${base64}`]
    for (const image of forms) await create({ inputs: { frameImages: [image] } })
    await create({
      inputs: {
        frameImages: [
          { image: mediaUUID, frame: -1 },
          { image: mediaUUID, frame: 0 },
        ],
      },
    })
    await create({ inputs: { frameImages: [mediaUUID, mediaUUID] } })
    const jobs = runware.jobs.list()
    for (const { id } of jobs) await runware.jobs.reached('succeeded', id)
    expect(jobs.map(({ order }) => [order.firstImageUrl !== undefined, order.lastImageUrl !== undefined])).toEqual([
      ...forms.map(() => [true, false]),
      [true, true],
      [true, true],
    ])
  })

  test('with an unreadable image or of an unknown type is refused', async () => {
    const store = { taskType: 'mediaStorage', taskUUID: randomUUID(), operation: 'upload', media: 'https://example.com/picture.png' }
    expect(await callRunware(context.providers, [store])).toMatchObject(refused('invalidMedia'))
    expect(await callRunware(context.providers, [{ taskType: 'cancel', taskUUID: randomUUID() }])).toMatchObject(refused('invalidTaskType'))
    expect(await callRunware(context.providers, { taskType: 'ping' })).toMatchObject(refused('invalidRequest'))
    expect(await poll(randomUUID())).toMatchObject({ ...refused('taskNotFound'), status: 404 })
  })

  test('has its clip served for its TTL', async () => {
    const { runware, clock } = context.providers
    await create({ ttl: 60 })
    const { id } = await runware.jobs.reached('succeeded')
    clock.speed = 0
    const clip = customers.runware.clipIn(await poll(id)) ?? ''
    clock.advance(60_000)
    expect((await fetch(clip)).status).toBe(404)
  })
})

describe('a failure', () => {
  const failed = async () => {
    const { runware } = context.providers
    const taskUUID = randomUUID()
    await create({ taskUUID, positivePrompt: 'sandbox:moderated' })
    await runware.jobs.reached('failed', taskUUID)
    return taskUUID
  }

  test('is reported in `errors` with HTTP 200', async () => {
    const taskUUID = await failed()
    const error = { code: 'invalidProviderContent', status: 'error', message: text, taskUUID }
    expect(await poll(taskUUID)).toMatchObject({ status: 200, body: { errors: [error] } })
  })

  test('is reported beside successful tasks of the same poll', async () => {
    const { runware } = context.providers
    const good = randomUUID()
    await create({ taskUUID: good })
    await runware.jobs.reached('succeeded', good)
    const bad = await failed()
    expect(await poll(good, bad)).toMatchObject({
      status: 200,
      body: { data: [{ taskUUID: good, status: 'success' }], errors: [{ taskUUID: bad }] },
    })
  })

  test('has a code for each reason', async () => {
    const { runware } = context.providers
    for (const [kind, code] of [
      ['failed', 'providerError'],
      ['timed-out', 'timeoutProvider'],
    ] as const) {
      const taskUUID = randomUUID()
      await create({ taskUUID, positivePrompt: `sandbox:${kind}` })
      await runware.jobs.reached('failed', taskUUID)
      expect((await poll(taskUUID)).body).toMatchObject({ errors: [{ code }] })
    }
  })
})

test('the details of a task hold its request and its end, also of one that failed', async () => {
  const { runware } = context.providers
  const details = (taskUUID: string) => callRunware(context.providers, [{ taskType: 'getTaskDetails', taskUUID }])
  const taskUUID = randomUUID()
  await create({ taskUUID, positivePrompt: 'sandbox:failed' })
  await runware.jobs.reached('failed')
  expect(await details(taskUUID)).toMatchObject({
    status: 200,
    body: {
      data: [
        {
          ...{ taskType: 'getTaskDetails', taskUUID, request: [{ taskUUID, positivePrompt: 'sandbox:failed' }] },
          response: [{ data: [], error: { code: 'providerError', taskUUID } }],
        },
      ],
    },
  })
  expect(await details(randomUUID())).toMatchObject({ status: 404, body: { errors: [{ code: 'taskNotFound' }] } })
})

test('the account shows its balance', async () => {
  const taskUUID = randomUUID()
  const task = { taskType: 'accountManagement', taskUUID, operation: 'getDetails' }
  expect(await callRunware(context.providers, [task])).toMatchObject({ status: 200, body: { data: [{ taskUUID, balance: 100 }] } })
})

test('insufficient credit is reported with HTTP 402 and in the body', async () => {
  const noCredit = { code: 'insufficientCredits', message: expect.stringContaining('Insufficient credits') as string }
  expect(await create({ positivePrompt: 'sandbox:no-credit' })).toMatchObject({ status: 402, body: { errors: [noCredit] } })
})

test('the key comes in the header or in the first task, and is never logged', async () => {
  const { runware } = context.providers
  const authentication = (apiKey: string) => ({ taskType: 'authentication', apiKey })
  const answer = await call(`${runware.origins.api}/v1`, { method: 'POST', body: [authentication(runware.apiKey), videoTask()] })
  expect(answer).toMatchObject({ status: 200, body: { data: [{ connectionSessionUUID: text }, { taskType: 'videoInference' }] } })
  expect((await call(`${runware.origins.api}/v1`, { method: 'POST', body: [authentication('wrong'), videoTask()] })).status).toBe(401)
  expect((await call(`${runware.origins.api}/v1`, { method: 'POST', body: [videoTask()] })).status).toBe(401)
  expect(JSON.stringify(runware.requests.list())).not.toContain(runware.apiKey)
})
