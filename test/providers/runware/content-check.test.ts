import { afterEach, beforeEach, expect, it } from 'vitest'

import { readProviderCost } from '../../../src/billing/parse-provider-cost.ts'
import { createNetwork, type Network } from '../../../src/network/network.ts'
import { createRunware } from '../../../src/providers/runware/provider.ts'
import { withStandIns } from '../../sandbox/providers/with-stand-ins.ts'

/** Runware's own check of a clip, against its stand-in, which bills it. */
const stage = withStandIns()
const request = { prompt: 'a heron', durationSeconds: 5 } as const
const { signal } = new AbortController()
let network: Network

beforeEach(() => {
  network = createNetwork({ allowPrivateAddresses: true })
})
afterEach(() => network.close())

it.each([
  ['none', 350_000],
  ['fast', 370_000],
  ['full', 370_000],
] as const)('%s is in the price and in the bill', async (safety, price) => {
  const { runware } = stage.providers
  runware.prices.microUsdPerContentCheck = 20_000
  const { apiKey, origins } = runware
  const provider = createRunware({ apiKey, origins, quality: 95, safety, safetyPrice: 20_000 }, { network })
  expect(provider.price(request)).toBe(price)
  const operation = await provider.start({ ...request, prompt: 'a heron sandbox:flagged' }, {}, { attemptId: 'attempt-1', signal })
  await runware.jobs.reached('succeeded')
  const end = await provider.status(operation, { signal })
  if (end.state !== 'completed') throw new Error(`the job is ${end.state}`)
  expect(readProviderCost(end.cost, provider.price(request))).toEqual({ booked: price, reported: price })
  expect(runware.invoice.sheet().totalMicroUsd).toBe(price)
  expect(end.flagged).toBe(safety === 'none' ? undefined : true)
})
