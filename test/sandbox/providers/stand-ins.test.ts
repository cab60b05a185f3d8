import { describe, expect, test } from 'vitest'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import type { StandIn } from '../../../sandbox/providers/stand-in/stand-in.ts'
import { type StandIns, startStandIns } from '../../../sandbox/providers/stand-ins.ts'
import { call } from './calls.ts'
import { customers, providerNames } from './customers.ts'
import { withStandIns } from './with-stand-ins.ts'

const context = withStandIns()
const text = expect.any(String) as string
const containing = (part: string) => expect.stringContaining(part) as string

/** The status of a refused create call, and a part of its body. */
const refusals = {
  fal: {
    refused: [422, { detail: [{ loc: ['body', 'prompt'], type: text }] }],
    'no-credit': [403, { detail: containing('Exhausted balance') }],
    busy: [429, { detail: text }],
    down: [503, { error_type: text }],
    'bad-key': [401, { detail: text }],
  },
  replicate: {
    refused: [422, { title: 'Input validation failed', invalid_fields: [{ field: 'input.prompt' }] }],
    'no-credit': [402, { title: 'Insufficient credit', status: 402 }],
    busy: [429, { retry_after: 5, detail: containing('resets in ~5s') }],
    down: [503, { status: 503 }],
    'bad-key': [401, { status: 401 }],
  },
  wavespeed: {
    refused: [400, { code: 400, message: text }],
    'no-credit': [402, { code: 402, message: containing('Insufficient') }],
    busy: [429, { code: 429, message: text }],
    down: [503, { code: 503, message: text }],
    'bad-key': [401, { code: 401, message: text }],
  },
  runware: {
    refused: [400, { errors: [{ code: 'invalidPositivePrompt', parameter: 'positivePrompt', taskUUID: text }] }],
    'no-credit': [402, { errors: [{ code: 'insufficientCredits', message: containing('Insufficient credits') }] }],
    busy: [429, { errors: [{ code: 'rateLimitExceeded' }] }],
    down: [503, { errors: [{ code: 'serviceUnavailable' }] }],
    'bad-key': [401, { errors: [{ code: 'invalidApiKey' }] }],
  },
  eachlabs: {
    refused: [400, { status: 'error', message: text, details: text }],
    'no-credit': [402, { status: 'error', message: 'payment required', details: text }],
    busy: [429, { status: 'error', message: 'too many requests', details: containing('Account rate limited') }],
    down: [503, { status: 'error', message: text }],
    'bad-key': [401, { status: 'error', message: text }],
  },
} as const
const refusalKinds = ['refused', 'no-credit', 'busy', 'down', 'bad-key'] as const

/** The status and a part of the body that report a failed job. */
const failures = {
  fal: {
    moderated: [422, { detail: [{ type: 'content_policy_violation' }] }],
    failed: [400, { detail: [{ type: 'downstream_service_error' }] }],
    'timed-out': [504, { detail: [{ type: 'generation_timeout' }] }],
  },
  replicate: {
    moderated: [200, { status: 'failed', error: containing('(E005)') }],
    failed: [200, { status: 'failed', error: text }],
    'timed-out': [200, { status: 'failed', error: containing('timed out') }],
  },
  wavespeed: {
    moderated: [200, { code: 200, data: { status: 'failed', code: 1200 } }],
    failed: [200, { code: 200, data: { status: 'failed', code: 1403 } }],
    'timed-out': [200, { code: 200, data: { status: 'timeout', code: 5004 } }],
  },
  runware: {
    moderated: [200, { errors: [{ code: 'invalidProviderContent' }] }],
    failed: [200, { errors: [{ code: 'providerError' }] }],
    'timed-out': [200, { errors: [{ code: 'timeoutProvider' }] }],
  },
  eachlabs: {
    moderated: [200, { status: 'error', message: text, details: containing('risk control system') }],
    failed: [200, { status: 'error', message: text, details: text }],
    'timed-out': [200, { status: 'error', message: text, details: containing('timed out') }],
  },
} as const

describe.for(providerNames)('%s', (name) => {
  const customer = customers[name]
  const provider = (): StandIn => context.providers[name]
  const submit = (prompt = 'a fox') => customer.submit(context.providers, { prompt })
  const ask = (id: string) => customer.ask(context.providers, id)

  test.for(refusalKinds)('refuses a create call and creates no job: %s', async (kind) => {
    const [status, body] = refusals[name][kind]
    expect(await submit(`a fox sandbox:${kind}@${name}`)).toMatchObject({ status, body })
    expect(provider().jobs.list()).toEqual([])
    provider().faults.add({ kind })
    // An ordered fault applies before the body is parsed, so that Runware does not name the task.
    expect(await submit()).toMatchObject({ status })
    expect(provider().jobs.list()).toEqual([])
    expect((await submit(`a fox sandbox:${kind}@other`)).status).toBeLessThan(300)
  })

  test.for(['moderated', 'failed', 'timed-out'] as const)('creates a job that ends as %s, billed as its behavior says', async (kind) => {
    const [status, body] = failures[name][kind]
    for (const [billFailed, amountMicroUsd] of [
      [false, 0],
      [true, 350_000],
    ] as const) {
      provider().behavior.billFailed = billFailed
      const id = customer.idIn(await submit(`sandbox:${kind}`))
      await provider().jobs.reached('failed', id)
      expect(await ask(id)).toMatchObject({ status, body })
      expect(provider().invoice.lineOf(id)).toMatchObject({ reason: 'failed', amountMicroUsd })
    }
  })

  test('delivers a clip and bills it by its prices', async () => {
    provider().prices.microUsdPerClip = 10_000
    const id = customer.idIn(await submit())
    await provider().jobs.reached('succeeded', id)
    const clip = await fetch(customer.clipIn(await ask(id)) ?? 'none')
    expect(clip.headers.get('content-type')).toBe('video/mp4')
    const { length } = new Uint8Array(await clip.arrayBuffer())
    expect(clip.headers.get('content-length')).toBe(String(length))
    const [origin] = Object.values(provider().origins)
    expect((await call(`${origin ?? ''}/sandbox/invoice`)).body).toMatchObject({ totalMicroUsd: 360_000, lines: [{ jobId: id }] })
  })

  test('can lose a finished clip', async () => {
    const id = customer.idIn(await submit('sandbox:output-gone'))
    await provider().jobs.reached('succeeded', id)
    const answer = await ask(id)
    if (name === 'replicate') expect(answer.body).toMatchObject({ status: 'succeeded', output: null, data_removed: true })
    else expect((await fetch(customer.clipIn(answer) ?? 'none')).status).toBe(404)
    expect(provider().invoice.lineOf(id)?.amountMicroUsd).toBe(350_000)

    const other = customer.idIn(await submit())
    await provider().jobs.reached('succeeded', other)
    const clip = customer.clipIn(await ask(other)) ?? 'none'
    provider().faults.add({ kind: 'output-gone' })
    expect([(await fetch(clip)).status, (await fetch(clip)).status]).toEqual([404, 200])
  })

  test('can serve a finished clip late', async () => {
    const id = customer.idIn(await submit('sandbox:output-late'))
    await provider().jobs.reached('succeeded', id)
    const clip = customer.clipIn(await ask(id)) ?? 'none'
    expect([(await fetch(clip)).status, (await fetch(clip)).status, (await fetch(clip)).status]).toEqual([404, 404, 200])
  })

  test('creates the job if the response is lost, and none if the connection is reset before the call', async () => {
    await expect(submit('sandbox:lost-answer')).rejects.toThrow('fetch failed')
    await provider().jobs.reached('succeeded')
    expect(provider().jobs.list()).toHaveLength(1)
    provider().faults.add({ kind: 'reset' })
    await expect(submit()).rejects.toThrow('fetch failed')
    expect(provider().jobs.list()).toHaveLength(1)
    expect(provider().requests.list('create')).toHaveLength(2)
  })

  test.for(['html', 'empty', 'malformed', 'unknown-shape'] as const)('can respond with %s though the job is created', async (kind) => {
    provider().faults.add({ kind, status: 502 })
    expect(await submit()).toMatchObject({ status: 502 })
    expect(provider().jobs.list()).toHaveLength(1)
  })

  test('can truncate a response', async () => {
    provider().faults.add({ kind: 'truncated' })
    await expect(submit()).rejects.toThrow('terminated')
    expect(provider().jobs.list()).toHaveLength(1)
  })

  test('can send Retry-After in seconds or as a date', async () => {
    const { behavior } = provider()
    const retryAfter = async () => (await submit('sandbox:busy')).headers.get('retry-after')
    expect(await retryAfter()).toBeNull()
    behavior.retryAfter = 'seconds'
    expect(await retryAfter()).toBe('5')
    behavior.retryAfter = 'date'
    const before = Date.now()
    const date = Date.parse((await retryAfter()) ?? '')
    // In whole seconds.
    expect(date).toBeGreaterThan(before + 4000)
    expect(date).toBeLessThanOrEqual(Date.now() + 5000)
    provider().faults.add({ kind: 'busy' })
    expect((await submit()).headers.get('retry-after')).toMatch(/GMT$/)
  })

  test('can limit orders per minute and in flight', async () => {
    const { behavior, jobs } = provider()
    const { clock } = context.providers
    clock.speed = 0
    behavior.createsPerMinute = 2
    expect([(await submit()).status < 300, (await submit()).status < 300, (await submit()).status]).toEqual([true, true, 429])
    clock.advance(60_000)
    behavior.inFlight = 3
    expect([(await submit()).status < 300, (await submit()).status]).toEqual([true, 429])
    expect(jobs.list()).toHaveLength(3)
  })

  test('can refuse connections and accept them again', async () => {
    const before = { ...provider().origins }
    await provider().refuseConnections()
    await expect(submit()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await provider().acceptConnections()
    expect(provider().origins).toMatchObject(before)
    expect((await submit()).status).toBeLessThan(300)
  })

  test('accepts fault orders over HTTP at each origin without a key, and does not log them', async () => {
    for (const origin of Object.values(provider().origins)) {
      const order = { method: 'POST', body: { kind: 'down', times: 1 } }
      expect((await call(`${origin}/sandbox/faults`, order)).status).toBe(204)
      expect((await submit()).status).toBe(503)
      expect((await call(`${origin}/sandbox/requests`)).status).toBe(200)
    }
    expect(provider().requests.count()).toBe(Object.values(provider().origins).length)
  })
})

test('the five stand-ins take thirteen consecutive ports', async () => {
  const clips = new ClipRenderer({ height: 96 })
  const providers = await startSomewhere((port) => startStandIns({ clips, speed: 1, port }))
  try {
    expect(providers.all.map(({ id }) => id)).toEqual([...providerNames])
    const ports = providers.all.flatMap(({ origins }) => Object.values(origins)).map((origin) => Number(new URL(origin).port))
    expect(ports).toEqual(Array.from({ length: 13 }, (_, index) => (ports[0] ?? NaN) + index))
  } finally {
    await providers.stop()
    await clips.close()
  }
})

/** Tries ports below the ephemeral range, of which some are always taken. */
async function startSomewhere(start: (port: number) => Promise<StandIns>): Promise<StandIns> {
  for (let port = 20_000 + 13 * (process.pid % 500); port < 32_000; port += 13) {
    const providers = await start(port).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      return undefined
    })
    if (providers) return providers
  }
  throw new Error('no thirteen ports are free')
}
