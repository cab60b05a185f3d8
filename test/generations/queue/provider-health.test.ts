import { describe, expect, it } from 'vitest'

import type { Clock } from '../../../src/lib/clock.ts'
import { ProviderError, type ProviderErrorOptions } from '../../../src/domain/provider-error.ts'
import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { admitCreate, allowTrial, claimDueProbes, listBlocked, reportBlock } from '../../../src/generations/queue/provider-blocks.ts'
import { type Admission, noteAnswer, noteFailure } from '../../../src/generations/queue/provider-health.ts'
import { type Database, sharedNow } from '../../../src/storage/database.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { claim } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const roomy: ProviderCapacity = { id: 'fal', concurrency: 3, createsPerMinute: 10_000 }
const seconds = 1000
const minutes = 60_000

async function admit({ database, clock }: { database: Database; clock: Clock }): Promise<Admission> {
  const admission = await admitCreate(database.statements, 'fal', { now: await sharedNow(database, clock) })
  return admission === 'blocked' ? expect.unreachable('it is admitted') : admission
}

/** One provider with one queued request. Times are ranges, because a server's clock goes on. */
async function setUp(store: Store) {
  const database = await openStore(store)
  const { log, lines } = createCapturedLog()
  const context = { database, clock: createManualClock(Date.UTC(2026, 10, 20, 12)), log }
  const now = () => sharedNow(database, context.clock)
  await acceptGeneration(database)
  const due = async (at: number) => claimDueProbes(database.statements, ['fal'], { now: at })
  return {
    context,
    lines,
    blocked: async () => (await listBlocked(database.statements)).get('fal'),
    claim: async () => claim(database, roomy, { owner: 'this-process', now: await now() }),
    /** The time around which a failure was noted. */
    fail: async (failure: Omit<ProviderErrorOptions, 'provider'>, admission: Admission | undefined) => {
      const before = await now()
      await noteFailure(new ProviderError({ provider: 'fal', ...failure }), admission, context)
      return { before, after: await now() }
    },
    due,
    /** The provider is blocked, and one create call may be tried. */
    admitTrial: async (reason: BlockReason) => {
      await reportBlock(context, 'fal', reason, 'create')
      const [probe] = await due((await now()) + 30 * seconds)
      await allowTrial(database.statements, probe ?? expect.unreachable('a free call is due'))
      return admit(context)
    },
  }
}

describe.each(stores)('a create call on $name', (store) => {
  it.each([
    { kind: 'rate_limited', retryAfterMs: undefined, pause: 10 * seconds },
    { kind: 'rate_limited', retryAfterMs: 45 * seconds, pause: 45 * seconds },
    { kind: 'moderation', retryAfterMs: 20 * seconds, pause: 20 * seconds },
  ] as const)(
    'that fails with $kind (retry after: $retryAfterMs) pauses the provider for $pause ms',
    async ({ kind, retryAfterMs, pause }) => {
      const stage = await setUp(store)
      const { before, after } = await stage.fail({ kind, retryAfterMs }, 'open')
      const { claimed, retryAt } = await stage.claim()
      expect(claimed).toEqual([])
      expect(retryAt).toBeGreaterThanOrEqual(before + pause)
      expect(retryAt).toBeLessThanOrEqual(after + pause)
      expect(await stage.blocked()).toBeUndefined()
    },
  )

  it('that is refused for its content neither pauses nor blocks the provider', async () => {
    const stage = await setUp(store)
    await stage.fail({ kind: 'moderation' }, 'open')
    expect((await stage.claim()).claimed).toHaveLength(1)
    expect(await stage.blocked()).toBeUndefined()
  })

  it('that is lost lets free calls begin after half a minute', async () => {
    const stage = await setUp(store)
    const { before, after } = await stage.fail({ kind: 'submission_unknown' }, 'open')
    expect(await stage.blocked()).toBe('submission_unknown')
    expect(await stage.due(before + 30 * seconds - 1)).toEqual([])
    expect(await stage.due(after + 30 * seconds)).toHaveLength(1)
  })

  it('that is lost as the one tried lets free calls begin after an hour', async () => {
    const stage = await setUp(store)
    const { before, after } = await stage.fail({ kind: 'submission_unknown' }, await stage.admitTrial('submission_unknown'))
    expect(await stage.due(before + 60 * minutes - 1)).toEqual([])
    expect(await stage.due(after + 60 * minutes)).toHaveLength(1)
  })

  it.each(['rate_limited', 'invalid_input', 'moderation'] as const)(
    'that is the one tried lifts the block although it fails with %s',
    async (kind) => {
      const stage = await setUp(store)
      const admission = await stage.admitTrial('submission_unknown')
      expect(await stage.blocked()).toBe('unavailable')
      await stage.fail({ kind }, admission)
      expect(await stage.blocked()).toBeUndefined()
    },
  )

  it('that is the one tried lifts the block with its answer', async () => {
    const stage = await setUp(store)
    await noteAnswer('fal', await stage.admitTrial('submission_unknown'), stage.context)
    expect(await stage.blocked()).toBeUndefined()
  })

  it('that was sent before the block says nothing about it: neither its answer nor a refusal of its content', async () => {
    const stage = await setUp(store)
    const admission = await admit(stage.context)
    await reportBlock(stage.context, 'fal', 'submission_unknown', 'create')
    await noteAnswer('fal', admission, stage.context)
    await stage.fail({ kind: 'moderation' }, admission)
    expect(await stage.blocked()).toBe('submission_unknown')
  })

  it('whose upload is refused before it is sent leaves a block as it is', async () => {
    const stage = await setUp(store)
    await reportBlock(stage.context, 'fal', 'submission_unknown', 'create')
    await stage.fail({ kind: 'invalid_input' }, undefined)
    expect(await stage.blocked()).toBe('submission_unknown')
  })

  it.each<[BlockReason, string]>([
    ['auth', 'provider blocked: check its key and its credit'],
    ['no_credit', 'provider blocked: check its key and its credit'],
    ['submission_unknown', 'provider blocked until a free call to it succeeds'],
    ['unavailable', 'provider blocked until a free call to it succeeds'],
  ])('that fails with %s is told to the operator once, however many fail', async (kind, message) => {
    const stage = await setUp(store)
    await stage.fail({ kind }, 'open')
    await stage.fail({ kind }, 'open')
    expect(stage.lines).toHaveLength(1)
    expect(JSON.parse(stage.lines[0] ?? '')).toMatchObject({ provider: 'fal', reason: kind, msg: message })
  })
})
