import { expect, it } from 'vitest'

import type { ClipKind } from '../../../src/domain/clip-request.ts'
import { createSlots } from '../../../src/generations/positions/slots.ts'

const [now, minute] = [1_000_000, 60_000]
const clip: ClipKind = { durationSeconds: 5 }
const long: ClipKind = { durationSeconds: 10 }
const fal = { id: 'fal', concurrency: 2, createsPerMinute: 60 }
const replicate = { id: 'replicate', concurrency: 1, createsPerMinute: 60 }
/** A clip of five seconds takes a minute at fal and two at Replicate; one of ten seconds twice as long. */
const estimates = { runMs: (id: string, { durationSeconds }: ClipKind) => (id === 'fal' ? 1 : 2) * (durationSeconds / 5) * minute }

function slotsOf(change: Partial<Parameters<typeof createSlots>[1]> = {}, running: Parameters<typeof createSlots>[0] = []) {
  const slots = createSlots(running, { providers: [fal, replicate], estimates, now, openAt: new Map(), ...change })
  /** In minutes from now. */
  return (candidates: string[], kind = clip) => {
    const readyAt = slots.take(candidates, kind)
    return readyAt === undefined ? undefined : (readyAt - now) / minute
  }
}

it('gives each request the slot that is free first, the preferred one among equals, and counts its run time', () => {
  const take = slotsOf()
  expect([take(['replicate', 'fal']), take(['fal', 'replicate'], long), take(['fal'])]).toEqual([2, 2, 1])
  // Next are fal after one minute, then both of fal and the one of Replicate after two.
  expect([take(['replicate', 'fal']), take(['replicate', 'fal']), take(['fal'])]).toEqual([2, 4, 3])
})

it('begins with what is running', () => {
  const running = [
    { provider: 'fal', clip: long, startedAt: now - 30_000 },
    { provider: 'fal', clip, startedAt: undefined },
  ]
  const take = slotsOf({}, running)
  expect([take(['fal']), take(['fal'])]).toEqual([2, 2.5])
})

it('counts at each provider only what is running there', () => {
  const at = (provider: string) => ({ provider, clip: long, startedAt: now })
  expect(slotsOf({}, [at('fal'), at('fal')])(['replicate'])).toBe(2)
  expect(slotsOf({}, [at('replicate')])(['fal', 'replicate'])).toBe(1)
})

it('frees no slot while more are running than may', () => {
  const running = [1, 2, 3].map((index) => ({ provider: 'fal', clip, startedAt: now - index * 10_000 }))
  expect(slotsOf({}, running)(['fal'])).toBeCloseTo(1 + 40 / 60)
})

it('waits for a pause to end', () => {
  expect(slotsOf({ openAt: new Map([['fal', now + 10 * minute]]) })(['fal'])).toBe(11)
})

it('tells when the first slot of each provider is free', () => {
  const running = [{ provider: 'fal', clip, startedAt: now }]
  const slots = createSlots(running, { providers: [fal, replicate], estimates, now, openAt: new Map() })
  expect([...slots.openings()]).toEqual([
    ['fal', now],
    ['replicate', now],
  ])
  slots.take(['fal'], long)
  expect(slots.openings().get('fal')).toBe(now + minute)
})

it('promises nothing where a provider’s slots are not known here', () => {
  const take = slotsOf()
  expect([take(['runware']), take(['fal', 'runware'])]).toEqual([undefined, undefined])
})
