import { globSync, readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import type { GenerationState } from '../../../src/domain/generation-state.ts'
import { ProviderError } from '../../../src/domain/provider-error.ts'
import { FailOver, Outcome } from '../../../src/generations/model/outcome.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { recordLateCost } from '../../../src/generations/run/late-cost.ts'
import { captureCompleted, requeue, returnToQueue, settleOutcome } from '../../../src/generations/run/settle.ts'
import {
  type Attempt,
  closeAttempt,
  closeUnsent,
  discardUnsent,
  findAttemptByToken,
  openAttempt,
  recordLostResponse,
  unmarkSent,
} from '../../../src/generations/store/attempts.ts'
import { asOwner, findGeneration, transition } from '../../../src/generations/store/generations.ts'
import { recordOperation, recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import { createLog } from '../../../src/lib/log.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { markSent } from '../../support/store/attempts.ts'

const [former, present] = ['a-former-owner', 'the-present-owner']

interface Stage {
  database: Database
  generation: Generation
  attempt: Attempt
  owner: string
}

interface Writer {
  /** Where the present owner left the generation and its attempt. */
  at: [GenerationState, Attempt['state']]
  write: (stage: Stage) => Promise<unknown>
}

const clock = { now: () => 5, sleep: () => Promise.resolve() }
const bystanders = {
  clock,
  providers: new Map<string, Provider>(),
  outputLifetimes: new Map([['fal', 60_000]]),
  log: createLog({ level: 'silent' }),
}
const ended = { endReason: 'unavailable', now: 4 } as const
const operation = { id: 'job' }
const failOver = new FailOver(['replicate'], new ProviderError({ provider: 'fal', kind: 'unavailable' }))

/** Everything that only the owner of the claim writes. */
const ownersOnly: Record<string, Writer> = {
  transition: {
    at: ['rendering', 'accepted'],
    write: ({ database, generation, owner }) =>
      transition(database.statements, { id: generation.id, owner, state: 'rendering' }, { state: 'delivering' }),
  },
  asOwner: {
    at: ['submitting', 'preparing'],
    write: ({ database, generation, owner }) =>
      asOwner(database, { id: generation.id, owner, state: 'submitting' }, () => Promise.resolve()),
  },
  openAttempt: {
    at: ['submitting', 'refused'],
    write: ({ database, generation, owner }) =>
      openAttempt(database, { generationId: generation.id, provider: 'replicate', owner, now: 9 }),
  },
  markSent: { at: ['submitting', 'preparing'], write: ({ database, ...own }) => markSent(database, own, {}, 4) },
  unmarkSent: { at: ['submitting', 'sent'], write: ({ database, ...own }) => unmarkSent(database, own) },
  recordLostResponse: { at: ['submitting', 'sent'], write: ({ database, ...own }) => recordLostResponse(database, own, ended) },
  discardUnsent: { at: ['submitting', 'preparing'], write: ({ database, ...own }) => discardUnsent(database, own) },
  closeUnsent: { at: ['submitting', 'preparing'], write: ({ database, ...own }) => closeUnsent(database, own, ended) },
  closeAttempt: {
    at: ['rendering', 'accepted'],
    write: ({ database, ...own }) =>
      database.transaction((transaction) =>
        closeAttempt(transaction, own, { state: 'completed', cost: { booked: 1, reported: 1 }, now: 4 }),
      ),
  },
  captureCompleted: {
    at: ['rendering', 'accepted'],
    write: (stage) =>
      captureCompleted({ ...stage, operation }, { state: 'completed', url: 'https://x.example' }, { ...stage, ...bystanders }),
  },
  recordLateCost: {
    at: ['delivering', 'completed'],
    write: (stage) =>
      recordLateCost(stage.generation, { attempt: stage.attempt, cost: { printed: 0.36, unit: 1e6 } }, { ...stage, ...bystanders }),
  },
  settleOutcome: {
    at: ['rendering', 'accepted'],
    write: (stage) => settleOutcome(stage.generation, new Outcome('failed', 'unavailable', 'release'), { ...stage, clock }),
  },
  requeue: { at: ['submitting', 'refused'], write: (stage) => requeue(stage.generation, failOver, { ...stage, clock }) },
  returnToQueue: { at: ['submitting', 'preparing'], write: (stage) => returnToQueue(stage.generation, stage) },
  'requeue of a failed job': { at: ['rendering', 'accepted'], write: (stage) => requeue(stage.generation, failOver, { ...stage, clock }) },
}

/** Everything else that writes these rows, and why it needs no owner. */
const others: Record<string, string> = {
  insertGenerations: 'the request is new',
  claimChosen: 'takes the claim: only while it is queued',
  adopt: 'takes the claim of a dead owner',
  returnClaims: 'gives up its own claims',
  claimHeld: 'takes the claim: only while it is held and undecided',
  endQueued: 'only while it is queued, when it has no owner',
  settleOne: 'only while it is held, as the operator decided',
  decideHeld: 'a decision left for the bot, only while it is held',
  releaseShare: "only while it is held and the server's share is reserved",
  takeDue: 'only while it is held: when its job was last polled',
  closeAttempts: 'only under the lock of its own claim',
  requestCancel: 'a request left for the owner',
  rememberMessage: 'a fact from Discord',
  unnotified: 'only while the state is as announced, and nobody has been notified of it',
  createCardLock: 'counts card edits',
  eraseTokens: 'erases an expired token, which no state depends on',
  erasePrompts: 'only once it is over, when it has no owner',
  recordOperation: 'a fact from the provider',
  recordRefusal: 'a fact from the provider',
  storeOperations: 'a fact from the provider',
  startDelivery: 'only while it renders for the owner that watched the job',
  closeCompleted: 'only with the generation, by startDelivery',
  endDelivery: 'only while it is delivered by its owner',
  startRendering: 'only while it is submitted by the owner whose create call was answered',
  storeSent: 'only under the lock of its own claim',
  // The functions that the others go through.
  updateRowIf: 'changes what still is as its caller says',
  updateIf: 'changes what still is as its caller says',
  updateAttempt: 'changes what still is as its caller says',
  updateOwn: 'the fence of an attempt',
  // Steps of a run that call `transition`.
  submit: 'by transition',
  deliver: 'by transition',
  withExpiry: 'by transition',
  refreshOutputUrl: 'by transition',
}

async function prepare(database: Database, [state, attemptState]: Writer['at']): Promise<Omit<Stage, 'owner'>> {
  const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
  const { statements } = database
  await statements.updateTable('generations').set({ state: 'submitting', owner: former }).where('id', '=', id).execute()
  const { webhookToken } = await openAttempt(database, { generationId: id, provider: 'fal', owner: former, now: 1 })
  const isAccepted = attemptState === 'accepted'
  await statements
    .updateTable('attempts')
    .set({ state: attemptState, ...(isAccepted && { operation: JSON.stringify(operation), operation_id: operation.id }) })
    .where('generation_id', '=', id)
    .execute()
  // The former owner was taken for dead, and another process continues.
  await statements.updateTable('generations').set({ state, owner: present }).where('id', '=', id).execute()
  const [generation, attempt] = [await findGeneration(statements, id), await findAttemptByToken(statements, 'fal', webhookToken)]
  if (!generation || !attempt) throw new Error('both were just written')
  return { database, generation, attempt }
}

async function rowsOf({ statements }: Database): Promise<unknown> {
  return Promise.all(
    (['generations', 'attempts', 'ledger', 'wallets'] as const).map((table) => statements.selectFrom(table).selectAll().execute()),
  )
}

describe.each(stores)('the fence on $name', (store) => {
  it.each(Object.entries(ownersOnly))('%s changes nothing for a former owner, and works for the present one', async (_, { at, write }) => {
    const database = await openStore(store)
    const stage = await prepare(database, at)
    const before = await rowsOf(database)
    await expect(write({ ...stage, owner: former })).rejects.toBeInstanceOf(LeaseLost)
    expect(await rowsOf(database)).toEqual(before)
    await write({ ...stage, owner: present })
  })

  it('records what a provider says by the attempt alone, whoever owns the generation', async () => {
    const database = await openStore(store)
    const { attempt } = await prepare(database, ['held', 'unknown'])
    await recordRefusal(database.statements, attempt.id, ended)
    expect(await findAttemptByToken(database.statements, 'fal', attempt.webhookToken)).toMatchObject({ state: 'refused' })
    await recordOperation(database.statements, attempt.id, operation)
    await recordRefusal(database.statements, attempt.id, ended)
    expect(await findAttemptByToken(database.statements, 'fal', attempt.webhookToken)).toMatchObject({ state: 'accepted', operation })
  })
})

const writes =
  /(updateTable|insertInto|deleteFrom)\('(generations|attempts)'\)|await (updateIf|updateAttempt|transition|closeAttempt)\(|return (updateIf|transition|asOwner|updateOwn)\(/

/** The functions of `src/` that write generations or attempts. */
function writers(): string[] {
  return globSync('src/**/*.ts').flatMap((file) => {
    let within = file
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        within = /^(?:export )?(?:async )?function (\w+)/.exec(line)?.[1] ?? within
        return writes.test(line) ? [within] : []
      })
  })
}

it('has no writer that is not listed here', () => {
  const listed = [...Object.keys(ownersOnly), ...Object.keys(others)]
  expect([...new Set(writers())].filter((name) => !listed.includes(name))).toEqual([])
})
