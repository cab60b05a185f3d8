import { expect, test } from 'vitest'

import { customers, providerNames, type ProviderName } from './customers.ts'
import { withStandIns } from './with-stand-ins.ts'

/** The limits of a new account, as its provider documents them. */
const documented: Record<ProviderName, { concurrency?: number; inFlight?: number; createsPerMinute?: number }> = {
  fal: { concurrency: 2 },
  replicate: { createsPerMinute: 600 },
  wavespeed: { concurrency: 3, createsPerMinute: 5 },
  runware: {},
  eachlabs: { inFlight: 10, createsPerMinute: 100 },
}

const limited = withStandIns()
const unlimited = withStandIns({ unlimited: true })
const unrestricted = { concurrency: Infinity, inFlight: Infinity, createsPerMinute: Infinity }

test.for(providerNames)('a new account at %s has the documented limits, and one for load has none', (name) => {
  expect(limited.providers[name].behavior).toMatchObject({ ...unrestricted, ...documented[name] })
  expect(unlimited.providers[name].behavior).toMatchObject(unrestricted)
})

test('fal runs two at once and queues the third', async () => {
  const { fal } = limited.providers
  fal.jobs.hold('completion')
  const submit = async () => customers.fal.idIn(await customers.fal.submit(limited.providers))
  const [first, second, third] = [await submit(), await submit(), await submit()]
  await Promise.all([fal.jobs.reached('running', first), fal.jobs.reached('running', second)])
  fal.jobs.release('completion')
  await fal.jobs.reached('succeeded', third)
  const ends = [first, second].map((id) => fal.jobs.get(id)?.finishedAt ?? Infinity)
  expect(fal.jobs.get(third)?.startedAt).toBeGreaterThanOrEqual(Math.min(...ends))
})

test('WaveSpeed creates five a minute', async () => {
  const { clock } = limited.providers
  clock.speed = 0
  const submit = async () => (await customers.wavespeed.submit(limited.providers)).status
  for (let number = 0; number < 5; number++) expect(await submit()).toBe(200)
  expect(await submit()).toBe(429)
  clock.advance(60_000)
  expect(await submit()).toBe(200)
})
