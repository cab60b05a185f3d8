import { describe, expect, it } from 'vitest'

import { runware } from '../../../src/providers/runware/descriptor.ts'
import { createRunware } from '../../../src/providers/runware/provider.ts'
import { taskUuidOf } from '../../../src/providers/runware/task.ts'
import { describeProviderContract } from '../../contracts/provider.ts'
import { setUpProvider } from '../stage.ts'
import { account, answerOf, apiKey, error, image, runwareStandIn, stored, submitRoute, taskOf, taskUUID, uploadRoute } from './stand-in.ts'

describeProviderContract(runware, runwareStandIn)

const stage = setUpProvider(
  (origin, context) => createRunware({ apiKey, origins: { api: origin }, quality: 95, safety: 'none' }, context),
  (own) => own.on(submitRoute, answerOf(taskOf())),
)
const { signal } = new AbortController()
const request = { prompt: 'p', durationSeconds: 5 } as const
const sent = () => (stage.server.to(submitRoute)[0]?.json as Record<string, unknown>[])[0] ?? {}

it('derives the id of a task from its attempt, as a UUID of version 4', () => {
  expect(taskUuidOf('attempt-1')).toBe(taskUUID)
  for (let attempt = 0; attempt < 100; attempt++) {
    expect(taskUuidOf(`a${attempt}`)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
  expect(new Set(Array.from({ length: 1000 }, (_, attempt) => taskUuidOf(`a${attempt}`))).size).toBe(1000)
})

it.each([
  [1600, 900, 1280, 720],
  [900, 1600, 720, 1280],
  [1000, 1000, 720, 720],
  [1333, 1000, 720, 720],
  [1334, 1000, 1280, 720],
  [1000, 1333, 720, 720],
  [1000, 1334, 720, 1280],
  [2500, 1000, 1280, 720],
  [1000, 2500, 720, 1280],
])('for an image of %i×%i is %i×%i', async (width, height, ...size) => {
  await stage.provider.start(
    { ...request, firstFrame: { ...image, width, height } },
    { firstFrame: { url: 'm1' } },
    { attemptId: 'attempt-1', signal },
  )
  expect([sent().width, sent().height]).toEqual(size)
})

it('rounds guidance to hundredths', async () => {
  await stage.provider.start({ ...request, guidance: 1 / 3 }, {}, { attemptId: 'attempt-1', signal })
  expect(sent().CFGScale).toBe(0.33)
})

it.each([
  ['an account without a balance', account({})],
  ['an account whose balance is in another form', account({ balance: { freeBalance: 0, currency: 'USD' } })],
  ['a key that may not read the account', { status: 403, json: { errors: [error('forbidden')] } }],
])('is up for %s', async (_, answer) => {
  stage.server.on('POST /v1#accountManagement', answer)
  await stage.provider.probe({ signal })
})

describe('an image', () => {
  const prepare = () => stage.provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })

  it('is stored under a new id with each try', async () => {
    stage.server.on(uploadRoute, { fault: 'reset' }, stored)
    expect(await prepare()).toStrictEqual({ url: 'm1' })
    const tasks = stage.server.requests.map(({ json }) => (json as Record<string, unknown>[])[0] ?? {})
    expect(tasks[0]).toStrictEqual({
      ...{ taskType: 'mediaStorage', taskUUID: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, operation: 'upload' },
      media: 'data:image/jpeg;base64,AQID',
    })
    expect(tasks[1]?.taskUUID).not.toBe(tasks[0]?.taskUUID)
  })

  it('that is refused for its content does not fail over', async () => {
    stage.server.on(uploadRoute, { status: 400, json: { errors: [error('imageBlocked')] } })
    await expect(prepare()).rejects.toMatchObject({ kind: 'moderation', failoverSafe: false })
  })
})
