import { describe, expect, test } from 'vitest'
import type { FalStandIn } from '../../../../sandbox/providers/fal/stand-in.ts'
import type { InvoiceSheet } from '../../../../sandbox/providers/jobs/invoice.ts'
import type { ReplicateStandIn } from '../../../../sandbox/providers/replicate/stand-in.ts'
import { call, callFal, callReplicate, createAtReplicate, submitToFal } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()

async function invoiceOf(origin: string): Promise<InvoiceSheet> {
  return (await call(`${origin}/sandbox/invoice`)).body as InvoiceSheet
}

async function cancelAtFal(fal: FalStandIn) {
  const submitted = await submitToFal(fal)
  await fal.jobs.reached('running', submitted.request_id)
  return { submitted, answer: await callFal(fal, submitted.cancel_url, { method: 'PUT' }) }
}

async function cancelAtReplicate(replicate: ReplicateStandIn) {
  const created = await createAtReplicate(replicate)
  await replicate.jobs.reached('running', created.id)
  return { created, answer: await callReplicate(replicate, created.urls.cancel, { method: 'POST' }) }
}

describe('the invoice', () => {
  test('has a line for each ended job, and the total', async () => {
    const { fal } = context.providers
    const short = await submitToFal(fal)
    await fal.jobs.reached('succeeded', short.request_id)
    const long = await submitToFal(fal, { duration: '10' })
    await fal.jobs.reached('succeeded', long.request_id)
    const failed = await submitToFal(fal, { prompt: 'sandbox:failed' })
    await fal.jobs.reached('failed', failed.request_id)
    const { lines, totalMicroUsd } = await invoiceOf(fal.origins.queue)
    expect(lines).toMatchObject([
      { jobId: short.request_id, amountMicroUsd: 350_000, reason: 'completed' },
      { jobId: long.request_id, amountMicroUsd: 700_000, reason: 'completed' },
      { jobId: failed.request_id, amountMicroUsd: 0, reason: 'failed' },
    ])
    expect(totalMicroUsd).toBe(1_050_000)
    expect(Number.isNaN(Date.parse(lines[0]?.at ?? ''))).toBe(false)
  })

  test('follows changed prices', async () => {
    const { fal, replicate } = context.providers
    fal.prices.microUsdPerClip = 10_000
    replicate.prices.microUsdPerSecond = 80_000
    const { response_url: address } = await submitToFal(fal)
    await createAtReplicate(replicate)
    await Promise.all([fal.jobs.reached('succeeded'), replicate.jobs.reached('succeeded')])
    expect((await invoiceOf(fal.origins.media)).totalMicroUsd).toBe(360_000)
    expect((await invoiceOf(replicate.origins.api)).totalMicroUsd).toBe(400_000)
    expect((await callFal(fal, address)).headers.get('x-fal-billable-units')).toBe('5')
  })
})

describe('cancelling a queued job', () => {
  test.for(['cancels', 'cannot', 'completes-anyway'] as const)('is free, if the provider %s', async (onCancel) => {
    const { fal, replicate } = context.providers
    for (const provider of [fal, replicate]) {
      provider.behavior.onCancel = onCancel
      provider.behavior.billCancelled = true
      provider.jobs.hold('start')
    }
    const submitted = await submitToFal(fal)
    expect(await callFal(fal, submitted.cancel_url, { method: 'PUT' })).toMatchObject({
      status: 202,
      body: { status: 'CANCELLATION_REQUESTED' },
    })
    const created = await createAtReplicate(replicate)
    expect(await callReplicate(replicate, created.urls.cancel, { method: 'POST' })).toMatchObject({ body: { status: 'canceled' } })
    expect(await invoiceOf(fal.origins.queue)).toMatchObject({ lines: [{ amountMicroUsd: 0, reason: 'cancelled' }] })
    expect(await invoiceOf(replicate.origins.api)).toMatchObject({ lines: [{ amountMicroUsd: 0, reason: 'cancelled' }] })
  })
})

describe.for([
  [true, 350_000, '5'],
  [false, 0, '0'],
] as const)('cancelling a running job, billed: %s', ([billCancelled, amountMicroUsd, units]) => {
  test('ends it at fal, which reports it only in the result', async () => {
    const { fal } = context.providers
    fal.behavior.billCancelled = billCancelled
    fal.jobs.hold('completion')
    const { submitted, answer } = await cancelAtFal(fal)
    expect(answer).toMatchObject({ status: 202, body: { status: 'CANCELLATION_REQUESTED' } })
    expect(await callFal(fal, submitted.status_url)).toMatchObject({ body: { status: 'COMPLETED', error_type: 'client_cancelled' } })
    const result = await callFal(fal, submitted.response_url)
    expect(result).toMatchObject({ status: 499, body: { error_type: 'client_cancelled' } })
    expect(result.headers.get('x-fal-billable-units')).toBe(units)
    expect(result.headers.get('x-fal-request-id')).toBe(submitted.request_id)
    expect(await invoiceOf(fal.origins.queue)).toMatchObject({
      lines: [{ reason: 'cancelled', amountMicroUsd }],
      totalMicroUsd: amountMicroUsd,
    })
    expect(await callFal(fal, submitted.cancel_url, { method: 'PUT' })).toMatchObject({
      status: 400,
      body: { status: 'ALREADY_COMPLETED' },
    })
  })

  test('ends it at Replicate', async () => {
    const { replicate } = context.providers
    replicate.behavior.billCancelled = billCancelled
    replicate.jobs.hold('completion')
    const { created, answer } = await cancelAtReplicate(replicate)
    expect(answer).toMatchObject({
      status: 200,
      body: { id: created.id, status: 'canceled', output: null, completed_at: expect.any(String) as string },
    })
    expect(await invoiceOf(replicate.origins.api)).toMatchObject({ totalMicroUsd: amountMicroUsd })
  })

  test('is accepted without effect by a provider that cannot cancel: the clip is delivered and billed', async () => {
    const { fal, replicate } = context.providers
    for (const provider of [fal, replicate]) {
      provider.behavior.billCancelled = billCancelled
      provider.behavior.onCancel = 'cannot'
      provider.jobs.hold('completion')
    }
    const { submitted, answer } = await cancelAtFal(fal)
    expect(answer.status).toBe(202)
    expect((await callFal(fal, submitted.status_url)).body).toMatchObject({ status: 'IN_PROGRESS' })
    expect((await cancelAtReplicate(replicate)).answer.body).toMatchObject({ status: 'processing' })
    for (const provider of [fal, replicate]) {
      provider.jobs.release('completion')
      await provider.jobs.reached('succeeded')
    }
    expect((await callFal(fal, submitted.response_url)).status).toBe(200)
    expect((await invoiceOf(fal.origins.queue)).totalMicroUsd).toBe(350_000)
    expect((await invoiceOf(replicate.origins.api)).totalMicroUsd).toBe(350_000)
  })

  test('comes too late if the job completes at that moment', async () => {
    const { fal, replicate } = context.providers
    for (const provider of [fal, replicate]) {
      provider.behavior.billCancelled = billCancelled
      provider.behavior.onCancel = 'completes-anyway'
      provider.jobs.hold('completion')
    }
    expect((await cancelAtFal(fal)).answer).toMatchObject({ status: 400, body: { status: 'ALREADY_COMPLETED' } })
    expect((await cancelAtReplicate(replicate)).answer.body).toMatchObject({ status: 'succeeded', output: expect.any(String) as string })
    expect((await invoiceOf(fal.origins.queue)).totalMicroUsd).toBe(350_000)
    expect((await invoiceOf(replicate.origins.api)).totalMicroUsd).toBe(350_000)
  })
})
