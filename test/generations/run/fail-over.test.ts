import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import type { ProviderId } from '../../../src/domain/provider-id.ts'
import type { EndReason, Generation } from '../../../src/generations/model/generation.ts'
import type { Outcome } from '../../../src/generations/model/outcome.ts'
import { FailOver } from '../../../src/generations/model/outcome.ts'
import { afterFailedJob, afterRefusal, storedRefusal } from '../../../src/generations/run/fail-over.ts'
import type { Attempt } from '../../../src/generations/store/attempts.ts'

const generation = { provider: 'fal', candidates: ['fal', 'replicate', 'runware'] } as unknown as Generation
const nowhereElse = { ...generation, candidates: ['fal'] as const }

const failure = (kind: ProviderErrorKind, failoverSafe = true, provider: ProviderId = 'fal') =>
  new ProviderError({ provider, kind, failoverSafe })

function attempt(provider: ProviderId, endReason?: EndReason, state: Attempt['state'] = 'refused'): Attempt {
  return { id: '1', generationId: '2', provider, state, webhookToken: '3', images: {}, sentAt: 4, operation: undefined, endReason }
}

/** Where the request goes, or how it ends. */
function told(result: FailOver | Outcome): string {
  if (result instanceof FailOver) return `to ${result.candidates.join(', ')}`
  return `${result.state}: ${result.reason} of ${result.provider ?? 'the last'}, ${result.settlement}`
}

describe('a refusal', () => {
  it.each([
    ['goes on to the other candidates, in their order', {}, 'to replicate, runware'],
    ['goes on to those that have not been tried', { attempts: [attempt('replicate', 'auth'), attempt('fal')] }, 'to runware'],
    ['that may hide a job ends the request', { error: failure('unavailable', false) }, 'failed: unavailable of fal, release'],
    ['goes on whatever the error, if nothing was sent', { error: failure('timeout', false), nothingSent: true }, 'to replicate, runware'],
    ['of the content ends the request', { error: failure('moderation') }, 'failed: moderation of fal, release'],
    [
      'of the content ends it even if nothing was sent',
      { error: failure('moderation'), nothingSent: true },
      'failed: moderation of fal, release',
    ],
    ['of the only candidate ends the request', { generation: nowhereElse }, 'failed: unavailable of fal, release'],
  ])('%s', (_, change, expected) => {
    expect(told(afterRefusal({ generation, attempts: [attempt('fal')], error: failure('unavailable'), ...change }))).toBe(expected)
  })

  it('for too many requests is repeated at the same provider if no other is left, three times in all', () => {
    const busy = failure('rate_limited')
    const after = (...attempts: Attempt[]) => told(afterRefusal({ generation: nowhereElse, attempts, error: busy }))
    const refused = attempt('fal', 'rate_limited')
    expect(after(refused)).toBe('to fal')
    expect(after(attempt('replicate', 'unavailable'), attempt('runware', 'unavailable'), refused, refused)).toBe('to fal')
    expect(after(refused, refused, refused)).toBe('failed: rate_limited of fal, release')
    expect(told(afterRefusal({ generation, attempts: [refused], error: busy }))).toBe('to replicate, runware')
    const uncertain = failure('rate_limited', false)
    expect(told(afterRefusal({ generation: nowhereElse, attempts: [refused], error: uncertain }))).toBe(
      'failed: rate_limited of fal, release',
    )
  })

  it('is the cause of what follows', () => {
    const error = failure('unavailable')
    expect(afterRefusal({ generation, attempts: [], error }).cause).toBe(error)
    expect(afterRefusal({ generation: nowhereElse, attempts: [], error }).cause).toBe(error)
  })
})

describe('the reason that a member reads when several providers refused', () => {
  it.each<[string, [ProviderId, EndReason | undefined][], ProviderErrorKind, string]>([
    [
      'is what one said about the request',
      [
        ['replicate', 'invalid_input'],
        ['runware', 'auth'],
      ],
      'unavailable',
      'invalid_input of replicate',
    ],
    [
      'is what one said about the content',
      [
        ['replicate', 'moderation'],
        ['runware', 'no_credit'],
      ],
      'auth',
      'moderation of replicate',
    ],
    [
      'is else a wrong key',
      [
        ['replicate', 'auth'],
        ['runware', 'unavailable'],
      ],
      'timeout',
      'auth of replicate',
    ],
    [
      'is else an empty account',
      [
        ['replicate', 'no_credit'],
        ['runware', 'timeout'],
      ],
      'unavailable',
      'no_credit of replicate',
    ],
    [
      'is else the last',
      [
        ['replicate', 'timeout'],
        ['runware', 'rate_limited'],
      ],
      'unavailable',
      'unavailable of fal',
    ],
    [
      'is the last of two of the same weight',
      [
        ['replicate', 'auth'],
        ['runware', 'no_credit'],
      ],
      'timeout',
      'no_credit of runware',
    ],
    [
      'is never one that no provider gave',
      [
        ['replicate', 'render-overdue'],
        ['runware', undefined],
      ],
      'unavailable',
      'unavailable of fal',
    ],
  ])('%s', (_, earlier, last, expected) => {
    const attempts = earlier.map(([provider, reason]) => attempt(provider, reason))
    expect(told(afterRefusal({ generation: nowhereElse, attempts, error: failure(last) }))).toBe(`failed: ${expected}, release`)
  })
})

describe('a job that failed', () => {
  const running = attempt('fal', undefined, 'accepted')

  it.each([
    ['and was not billed is made by the other candidates', {}, 'to replicate, runware'],
    ['and was billed is refunded', { billed: true }, 'failed: unavailable of the last, refund'],
    ['and may have been billed is assumed to be', { billed: undefined }, 'failed: unavailable of the last, assume'],
    ['because of the content is made by no other', { error: failure('moderation') }, 'failed: moderation of fal, release'],
    ['because of the request is made by no other', { error: failure('invalid_input') }, 'failed: invalid_input of fal, release'],
    ['at the only candidate is the end', { generation: nowhereElse }, 'failed: unavailable of fal, release'],
    [
      'after another one failed is the end',
      { attempts: [attempt('runware', 'timeout', 'failed'), running] },
      'failed: unavailable of fal, release',
    ],
    ['after a refusal is made by the one that is left', { attempts: [attempt('replicate', 'unavailable'), running] }, 'to runware'],
  ])('%s', (_, change, expected) => {
    const {
      generation: wanted,
      attempts,
      ...status
    } = { generation, attempts: [running], error: failure('unavailable', false), billed: false, ...change }
    const result = afterFailedJob({ generation: wanted, attempts }, { state: 'failed', ...status })
    expect([told(result), result.cause]).toEqual([expected, status.error])
  })
})

describe('a refusal that an earlier process stored', () => {
  it.each<[EndReason | undefined, ProviderErrorKind, boolean]>([
    ['no_credit', 'no_credit', true],
    ['moderation', 'moderation', false],
    ['internal', 'unavailable', true],
    [undefined, 'unavailable', true],
  ])('as %s is one for %s', (endReason, kind, failoverSafe) => {
    expect(storedRefusal(attempt('replicate', endReason))).toMatchObject({ provider: 'replicate', kind, failoverSafe })
  })
})
