import { createHash } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { readProviderCost } from '../../src/billing/parse-provider-cost.ts'
import type { Image } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import type { Provider, Status, WebhookDelivery } from '../../src/providers/provider.ts'
import { eachlabs } from '../../src/providers/eachlabs/descriptor.ts'
import { createProviders, type Providers } from '../../src/providers/create-providers.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { testImage } from '../support/media/test-image.ts'
import { startReceiver } from '../sandbox/providers/receiver.ts'
import { originsOf } from '../support/bot/bot-settings.ts'
import type { ProviderName } from '../sandbox/providers/customers.ts'
import { withStandIns } from '../sandbox/providers/with-stand-ins.ts'

/** Eachlabs' two documents contradict each other. */
const eachlabsAsInApiReference = { title: 'eachlabs as in its API reference', descriptor: eachlabs, document: 'api-reference' } as const

/** Our providers against stand-ins that follow the providers' documentation and are tested with the vendors' own clients. */
describe.each([
  ...providerDescriptors.map((descriptor) => ({ title: descriptor.id, descriptor, document: 'model-page' as const })),
  eachlabsAsInApiReference,
])('$title, against its stand-in', ({ descriptor, document }) => {
  const name = descriptor.id as ProviderName
  const stage = withStandIns()
  const { signal } = new AbortController()
  let network: Network
  let providers: Providers
  let provider: Provider

  beforeEach(() => {
    const standIns = stage.providers
    standIns.eachlabs.behavior.eachlabsDocument = document
    network = createNetwork({ allowPrivateAddresses: true })
    const { id, apiKey } = standIns[name]
    const accounts = [{ id, apiKey, options: descriptor.options?.parse({}) ?? {} }]
    providers = createProviders({ descriptors: [descriptor], accounts, origins: { providers: originsOf(standIns) } }, { network })
    provider = providers.byId.get(id) ?? expect.unreachable('it has an account')
  })
  afterEach(async () => {
    await providers.close()
    await network.close()
  })

  const imageOf = async (seed: number): Promise<Image> => {
    const bytes = await testImage({ seed, width: 640, height: 480 })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { bytes, sha256, mediaType: 'image/png', width: 640, height: 480, sizeBytes: bytes.byteLength }
  }
  /** The state once the stand-in has ended the job. */
  const endOf = async (operation: { id: string }): Promise<Status> => {
    await stage.providers[name].jobs.reached('finished', operation.id)
    return provider.status(operation, { signal })
  }
  const deliveryOf = (headers: Record<string, unknown>, rawBody: string): WebhookDelivery => ({
    headers: headers as WebhookDelivery['headers'],
    rawBody: Buffer.from(rawBody),
    now: Date.now(),
    signal,
  })

  it('makes a clip from two images, sends a webhook, and bills what it reported', async () => {
    const receiver = await startReceiver()
    // Under load an announced upload could expire in virtual time.
    const { clock } = stage.providers
    const { speed } = clock
    clock.speed = 0
    const [firstFrame, lastFrame] = [await imageOf(1), await imageOf(2)]
    const images = { firstFrame: await provider.prepare(firstFrame, { signal }), lastFrame: await provider.prepare(lastFrame, { signal }) }
    const request = { prompt: 'a heron', negativePrompt: 'haze', durationSeconds: 10, firstFrame, lastFrame } as const
    const asked = provider.capabilities.guidance ? { ...request, guidance: 0.3 } : request
    const operation = await provider.start(asked, images, { attemptId: 'attempt-1', webhookUrl: receiver.url, signal })
    clock.speed = speed

    const [delivery] = await receiver.reached(1)
    const event = await provider.verifyWebhook?.(deliveryOf(delivery?.headers ?? {}, delivery?.rawBody ?? ''))
    expect(event?.operation.id).toBe(operation.id)

    const end = await endOf(operation)
    expect(end.state).toBe('completed')
    const bill = stage.providers[name].invoice.lineOf(operation.id)?.amountMicroUsd
    expect(bill).toBe(provider.price(asked))
    if (end.state === 'completed' && end.cost !== undefined)
      expect(readProviderCost(end.cost, provider.price(asked))).toEqual({ booked: bill, reported: bill })
    const job = stage.providers[name].jobs.get(operation.id)
    expect(job?.order).toMatchObject({ prompt: 'a heron', negativePrompt: 'haze', durationSeconds: 10 })
    expect(job?.order.firstImageUrl).not.toBe(job?.order.lastImageUrl)
  })

  it('makes a clip from words in the shape asked for', async () => {
    const operation = await provider.start(
      { prompt: 'a heron', durationSeconds: 5, aspectRatio: '9:16' },
      {},
      { attemptId: 'attempt-1', signal },
    )
    expect(await endOf(operation)).toMatchObject({ state: 'completed' })
    expect(stage.providers[name].jobs.get(operation.id)?.order).toMatchObject({ durationSeconds: 5, aspectRatio: '9:16' })
  })

  it.each([
    ['moderated', 'moderation'],
    ['failed', 'unavailable'],
    ['timed-out', 'timeout'],
  ])('reports a job that was %s', async (fault, kind) => {
    const operation = await provider.start(
      { prompt: `a heron sandbox:${fault}`, durationSeconds: 5 },
      {},
      { attemptId: 'attempt-1', signal },
    )
    const end = await endOf(operation)
    expect(end).toMatchObject({ state: 'failed' })
    if (end.state === 'failed' && !(fault === 'timed-out' && end.error.kind === 'unavailable')) expect(end.error.kind).toBe(kind)
  })

  it.each([
    ['no-credit', 'no_credit'],
    ['bad-key', 'auth'],
    ['busy', 'rate_limited'],
    ['refused', 'invalid_input'],
  ])('reads a create call refused with %s', async (fault, kind) => {
    const started = provider.start({ prompt: `a heron sandbox:${fault}`, durationSeconds: 5 }, {}, { attemptId: 'attempt-1', signal })
    await expect(started).rejects.toMatchObject({ kind, failoverSafe: true })
    expect(stage.providers[name].jobs.list()).toEqual([])
  })

  it('is up, and shows an empty account where it can', async () => {
    const standIn = stage.providers[name]
    await provider.probe({ signal })
    standIn.behavior.balanceUsd = 0
    const showsBalance = name === 'wavespeed' || name === 'runware' || name === 'eachlabs'
    const probed = provider.probe({ signal })
    await (showsBalance ? expect(probed).rejects.toMatchObject({ kind: 'no_credit' }) : probed)
    const started = provider.start({ prompt: 'a heron', durationSeconds: 5 }, {}, { attemptId: 'attempt-1', signal })
    await expect(started).rejects.toMatchObject({ kind: 'no_credit', failoverSafe: true })
    standIn.faults.add({ kind: 'bad-key', route: name === 'fal' ? 'status' : 'account' })
    await expect(provider.probe({ signal })).rejects.toMatchObject({ kind: 'auth' })
    await standIn.refuseConnections()
    await expect(provider.probe({ signal })).rejects.toMatchObject({ kind: 'unavailable' })
    expect(standIn.jobs.list()).toEqual([])
  })

  it('treats a lost create response as unknown, and finds the one job where it can', async () => {
    const receiver = await startReceiver()
    const request = { prompt: 'a heron', durationSeconds: 5 } as const
    stage.providers[name].faults.add({ kind: 'lost-answer' })
    const submittedAt = Date.now()
    const webhookUrl = `${receiver.url}-of-this-attempt-0123456789`
    await expect(provider.start(request, {}, { attemptId: 'attempt-1', webhookUrl, signal })).rejects.toMatchObject({
      kind: 'submission_unknown',
      failoverSafe: false,
    })
    const found = await provider.recover?.(request, {}, { attemptId: 'attempt-1', webhookUrl, submittedAt }, { signal })
    const [job] = stage.providers[name].jobs.list()
    if (provider.recover) expect(found).toEqual({ id: job?.id })
    const [delivery] = await receiver.reached(1)
    const event = await provider.verifyWebhook?.(deliveryOf(delivery?.headers ?? {}, delivery?.rawBody ?? ''))
    expect(event?.operation.id).toBe(job?.id)
    expect(stage.providers[name].jobs.list()).toHaveLength(1)
  })
})
