import { describe, expect, it } from 'vitest'

import type { ClipFeature, ClipKind, ClipRequest } from '../../../src/domain/clip-request.ts'
import { Refusal } from '../../../src/domain/refusal.ts'
import { selectProviders, type ProviderSelection } from '../../../src/generations/queue/select-providers.ts'
import { allCapabilities } from '../../../src/providers/capabilities.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const plain: ClipRequest = { prompt: 'a boat at dawn', durationSeconds: 5 }
const guided: ClipRequest = { ...plain, negativePrompt: 'fog', guidance: 0.5 }

function provider(id: string, { price = 1, missing = [] }: { price?: number; missing?: ClipFeature[] } = {}) {
  const lacks = Object.fromEntries(missing.map((feature) => [feature, false]))
  return quickProvider(id, { price: ({ durationSeconds }) => price * durationSeconds, capabilities: { ...allCapabilities, ...lacks } })
}

/** In milliseconds for each second of the clip: one, unless it is listed. */
function runTimes(times: Record<string, number>) {
  return { runMs: (id: string, { durationSeconds }: ClipKind) => (times[id] ?? 1) * durationSeconds, learn: () => undefined }
}

const anyTime = runTimes({})
const four = ['fal', 'replicate', 'wavespeed', 'runware'].map((id) => provider(id))

function select(selection: Partial<ProviderSelection>, request = plain): string[] {
  return selectProviders(request, { providers: four, estimates: anyTime, ...selection }).map(({ id }) => id)
}

/** What a member would read of it. */
function refusalOf(selection: Partial<ProviderSelection>): Pick<Refusal, 'identifier' | 'details'> {
  try {
    select(selection, guided)
  } catch (error) {
    if (error instanceof Refusal) return { identifier: (error as Refusal).identifier, details: (error as Refusal).details }
    throw error
  }
  return expect.unreachable('no provider can make it')
}

describe('the providers that may make a clip', () => {
  it('are in the order that was chosen, whatever they cost', () => {
    const providers = [provider('fal', { price: 1 }), provider('replicate', { price: 2 }), provider('wavespeed', { price: 3 })]
    expect(select({ providers, chosen: ['replicate', 'wavespeed', 'fal'] })).toEqual(['replicate', 'wavespeed', 'fal'])
  })

  it('include those that were not chosen, last and in the operator’s order', () => {
    expect(select({ chosen: ['runware', 'replicate'] })).toEqual(['runware', 'replicate', 'fal', 'wavespeed'])
    expect(select({ chosen: ['eachlabs', 'wavespeed'] })).toEqual(['wavespeed', 'fal', 'replicate', 'runware'])
  })

  it('are the cheapest first where nothing was chosen, however long they take', () => {
    const providers = [provider('fal', { price: 20 }), provider('replicate', { price: 3 }), provider('wavespeed', { price: 100 })]
    const estimates = runTimes({ fal: 5, replicate: 900, wavespeed: 1 })
    expect(select({ providers, estimates })).toEqual(['replicate', 'fal', 'wavespeed'])
  })

  it('are the quickest first at the same price', () => {
    const estimates = runTimes({ fal: 30, replicate: 200, wavespeed: 4, runware: 100 })
    expect(select({ estimates })).toEqual(['wavespeed', 'fal', 'runware', 'replicate'])
    expect(select({ estimates: runTimes({ fal: 1, replicate: 2, wavespeed: 3, runware: 4 }) })).toEqual(four.map(({ id }) => id))
  })

  it('are ranked by the price and the run time of this very clip', () => {
    const flat = quickProvider('flat', { price: () => 40 })
    const providers = [flat, provider('fal', { price: 5 })]
    expect(select({ providers })).toEqual(['fal', 'flat'])
    expect(select({ providers }, { ...plain, durationSeconds: 10 })).toEqual(['flat', 'fal'])
  })

  it('are only the one that the member chose', () => {
    expect(select({ only: 'wavespeed' })).toEqual(['wavespeed'])
    expect(select({ only: 'wavespeed', chosen: ['fal', 'replicate'] })).toEqual(['wavespeed'])
  })

  it('leave out the ones that cannot do all that is asked for', () => {
    const [cannot, can, other] = [provider('fal', { missing: ['guidance'] }), provider('replicate'), provider('runware')]
    const providers = [cannot, other, can]
    expect(select({ providers, chosen: ['fal', 'replicate', 'runware'] }, guided)).toEqual(['replicate', 'runware'])
    expect(select({ providers }, plain)).toEqual(['fal', 'runware', 'replicate'])
  })
})

describe('a refusal, where no provider can make the clip,', () => {
  it('names each feature once, and the providers that could be set up for it', () => {
    const providers = [
      provider('replicate', { missing: ['guidance', 'text'] }),
      provider('here', { missing: ['guidance', 'negativePrompt', 'lastFrame'] }),
    ]
    expect(refusalOf({ providers })).toEqual({
      identifier: 'unsupported',
      // Replicate takes no guidance, so its name would not help.
      details: [{ features: ['text', 'guidance', 'negativePrompt'], choices: ['fal', 'wavespeed', 'runware', 'eachlabs'] }],
    })
  })

  it('names what the member’s choice lacks, and the providers here that can do it', () => {
    const providers = [
      provider('fal', { missing: ['negativePrompt'] }),
      provider('runware'),
      provider('wavespeed', { missing: ['guidance'] }),
      provider('eachlabs'),
    ]
    expect(refusalOf({ providers, only: 'wavespeed' })).toEqual({
      identifier: 'unsupported-by-provider',
      details: [{ provider: 'wavespeed', features: ['guidance'], choices: ['runware', 'eachlabs'] }],
    })
  })

  it('names what a choice lacks that is not set up here', () => {
    expect(refusalOf({ providers: [provider('fal')], only: 'replicate' })).toEqual({
      identifier: 'unsupported-by-provider',
      details: [{ provider: 'replicate', features: ['guidance'], choices: ['fal'] }],
    })
  })

  it('names no feature of a choice that nobody knows', () => {
    expect(refusalOf({ providers: [provider('fal', { missing: ['text'] })], only: 'gone' })).toEqual({
      identifier: 'unsupported-by-provider',
      details: [{ provider: 'gone', features: [], choices: [] }],
    })
  })
})
