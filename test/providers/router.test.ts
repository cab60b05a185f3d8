import { describe, expect, it, vi } from 'vitest'

import type { Clock } from '../../src/lib/clock.ts'
import { ProviderError, type ProviderErrorKind } from '../../src/domain/provider-error.ts'
import type { ProviderId } from '../../src/domain/provider-id.ts'
import { allCapabilities } from '../../src/providers/capabilities.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createRouter, type Router, type RouteRequirements } from '../../src/providers/router.ts'

/** Only what the router reads. */
function server(id: ProviderId): Provider {
  const unused = () => Promise.reject(new Error('not called here'))
  return { id, capabilities: allCapabilities, price: () => 1, prepare: unused, start: unused, status: unused }
}

const [fal, replicate] = [server('fal'), server('replicate')]
const equal: RouteRequirements = { price: () => 1, expectedMs: () => 1 }

function routerAt(start = 0): { router: Router; pass: (ms: number) => void; alarms: [ProviderId, ProviderErrorKind][] } {
  let now = start
  const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
  const alarms: [ProviderId, ProviderErrorKind][] = []
  const router = createRouter({ clock, onOperatorNeeded: (id, kind) => void alarms.push([id, kind]) })
  return { router, pass: (ms) => (now += ms), alarms }
}

async function fail(router: Router, provider: Provider, kind: ProviderErrorKind): Promise<unknown> {
  return router.call(provider, () => Promise.reject(new ProviderError({ provider: provider.id, kind }))).catch((error: unknown) => error)
}

describe('the order of providers', () => {
  const ids = (providers: Provider[]) => providers.map(({ id }) => id)

  it('is the chosen one', () => {
    const { router } = routerAt()
    expect(ids(router.order([fal, replicate], { ...equal, chosen: ['replicate', 'fal'] }))).toEqual(['replicate', 'fal'])
    expect(ids(router.order([fal, replicate], { ...equal, chosen: ['replicate'] }))).toEqual(['replicate', 'fal'])
  })

  it('is by price, then by speed, where none was chosen', () => {
    const { router } = routerAt()
    expect(ids(router.order([fal, replicate], { ...equal, price: ({ id }) => (id === 'fal' ? 2 : 1) }))).toEqual(['replicate', 'fal'])
    expect(ids(router.order([fal, replicate], { ...equal, expectedMs: ({ id }) => (id === 'fal' ? 9 : 8) }))).toEqual(['replicate', 'fal'])
  })

  it('puts a provider that is out at the end, whatever was chosen', async () => {
    const { router } = routerAt()
    await fail(router, fal, 'no_credit')
    expect(ids(router.order([fal, replicate], { ...equal, chosen: ['fal', 'replicate'] }))).toEqual(['replicate', 'fal'])
  })
})

describe('a provider in trouble', () => {
  it.each(['unavailable', 'timeout', 'submission_unknown'] as const)('is out after five failures in a row: %s', async (kind) => {
    const { router } = routerAt()
    for (let count = 0; count < 5; count += 1) {
      expect(router.isOut('fal')).toBe(false)
      await fail(router, fal, kind)
    }
    expect(router.isOut('fal')).toBe(true)
    const work = vi.fn(() => Promise.resolve(1))
    await expect(router.call(fal, work)).rejects.toMatchObject({ kind: 'unavailable', failoverSafe: true })
    expect(work).not.toHaveBeenCalled()
    expect(router.isOut('replicate')).toBe(false)
  })

  it('does not count as healthy because an upload succeeded', async () => {
    const { router } = routerAt()
    for (let count = 0; count < 5; count += 1) {
      await router.prepare(fal, () => Promise.resolve(1))
      await fail(router, fal, 'unavailable')
    }
    expect(router.isOut('fal')).toBe(true)
    await expect(router.prepare(fal, () => Promise.resolve(1))).rejects.toMatchObject({ kind: 'unavailable', failoverSafe: true })
  })

  it('is out after failed uploads, too', async () => {
    const { router } = routerAt()
    const failing = () => Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable' }))
    for (let count = 0; count < 5; count += 1) await expect(router.prepare(fal, failing)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(router.isOut('fal')).toBe(true)
  })

  it('that asked us to wait is out until then', () => {
    const { router, pass } = routerAt()
    router.rest('fal', 3000)
    expect(router.isOut('fal')).toBe(true)
    pass(3000)
    expect(router.isOut('fal')).toBe(false)
  })

  it.each(['moderation', 'invalid_input', 'rate_limited'] as const)('is not out because of a bad request: %s', async (kind) => {
    const { router } = routerAt()
    for (let count = 0; count < 10; count += 1) await fail(router, fal, kind)
    expect(router.isOut('fal')).toBe(false)
  })

  it.each(['auth', 'no_credit'] as const)(
    'is out at once for %s, alerts the operator, and is tested again after ten minutes',
    async (kind) => {
      const { router, pass, alarms } = routerAt()
      await fail(router, fal, kind)
      expect(alarms).toEqual([['fal', kind]])
      expect(router.isOut('fal')).toBe(true)
      await expect(router.call(fal, () => Promise.resolve(1))).rejects.toMatchObject({ kind, failoverSafe: true })
      pass(10 * 60_000)
      expect(router.isOut('fal')).toBe(false)
      await expect(router.call(fal, () => Promise.resolve(1))).resolves.toBe(1)
    },
  )
})
