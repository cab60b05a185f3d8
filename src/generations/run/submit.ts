import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { HostedImages, Operation, Provider } from '../../providers/provider.ts'
import { readImage } from '../../storage/images.ts'
import {
  type Attempt,
  closeAttempt,
  closeUnsent,
  listAttempts,
  markSent,
  openAttempt,
  recordOperation,
  unmarkSent,
} from '../store/attempts.ts'
import { pauseProvider } from '../store/provider-state.ts'
import { sharedNow } from '../../storage/database-time.ts'
import { Outcome, FailOver } from '../model/outcome.ts'
import type { Generation } from '../model/generation.ts'
import { keepOperation } from './persist-operation.ts'
import type { RunContext, StopSignals } from './context.ts'
import { recoverSubmission } from './recover-submission.ts'
import { toGeneration } from '../store/rows.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { transition } from '../store/generations.ts'

/** How long a provider is left alone that said "too many" without saying for how long, and how often a request comes back to it. */
const usualRestMs = 10_000
const triesWhenBusy = 3

/** A generation that a provider has accepted. */
export interface Submitted {
  generation: Generation
  attempt: Attempt
  operation: Operation
}

/**
 * Hands the job to its provider, or picks up where an earlier process left it. The attempt is durable before the call; one that was `sent` and holds no
 * operation is looked for, and never sent a second time.
 */
export async function submit(generation: Generation, context: RunContext, signals: StopSignals): Promise<Submitted> {
  const { database, clock, owner } = context
  const attempts = await listAttempts(database.statements, generation.id)
  const latest = attempts.at(-1)
  // An attempt at another provider is over and done with: this claim is for a new one.
  const current = latest?.provider === generation.provider ? latest : undefined
  if (generation.state === 'rendering' && current?.operation) return { generation, attempt: current, operation: current.operation }

  const provider = providerOf(generation, current, context)
  const { attempt, operation } = await reachProvider(generation, provider, current, attempts, context, signals)
  const row = await transition(database.statements, {
    id: generation.id,
    owner,
    from: generation.state,
    to: 'rendering',
    set: { started_at: clock.now() },
  })
  return { generation: toGeneration(row), attempt, operation }
}

interface Accepted {
  attempt: Attempt
  operation: Operation
}

async function reachProvider(
  generation: Generation,
  provider: Provider,
  current: Attempt | undefined,
  attempts: readonly Attempt[],
  context: RunContext,
  signals: StopSignals,
): Promise<Accepted> {
  if (current?.operation) return { attempt: current, operation: current.operation }
  if (current?.state === 'sent' || current?.state === 'unknown') return lookFor(generation, provider, current, context, signals.pause)
  // Asked for patience: this is the next try at the same provider.
  if (current?.state === 'refused' && current.endReason === 'rate_limited')
    return create(generation, provider, undefined, attempts, context, signals)
  // A crash came between the provider's refusal and what follows from it.
  if (current?.state === 'refused') throw afterRefusal(generation, attempts, refusalOf(current), context)
  return create(generation, provider, current, attempts, context, signals)
}

async function create(
  generation: Generation,
  provider: Provider,
  prepared: Attempt | undefined,
  attempts: readonly Attempt[],
  context: RunContext,
  signals: StopSignals,
): Promise<Accepted> {
  const { database, clock, delivery, router } = context
  delivery.show(generation, { now: clock.now() })
  const opened =
    prepared ??
    (await openAttempt(database, { generationId: generation.id, provider: provider.id, owner: context.owner, now: clock.now() }))
  const tried = attempts.includes(opened) ? attempts : [...attempts, opened]
  let sent = opened
  try {
    const images = await router.prepare(provider, () => prepare(generation, provider, context, signals.pause))
    await lastLook(generation, context)
    sent = await markSent(database.statements, opened, images, clock.now())
    const options = { attemptId: sent.id, webhookUrl: context.webhookUrlOf(sent), signal: signals.force }
    const operation = await router.call(provider, () => provider.start(generation.request, images, options))
    await keepOperation(database.statements, sent.id, operation, { clock, force: signals.force })
    return { attempt: { ...sent, operation }, operation }
  } catch (error) {
    // Stopped before the connection was even opened (afterwards it would be `submission_unknown`): nothing has left after all.
    if (signals.force.aborted && error === signals.force.reason) await unmarkSent(database.statements, sent.id)
    if (!(error instanceof ProviderError)) throw error
    if (error.kind === 'submission_unknown') {
      await closeAttempt(database.statements, sent.id, { state: 'unknown', endReason: error.kind, now: clock.now() })
      return lookFor(generation, provider, { ...sent, state: 'unknown' }, context, signals.pause)
    }
    // Any other answer means that no job was made (whether another provider may be asked is a different question).
    const refusal = { endReason: error.kind, now: clock.now() }
    if (sent.state === 'preparing') await closeUnsent(database.statements, sent.id, refusal)
    else await closeAttempt(database.statements, sent.id, { state: 'refused', ...refusal })
    if (error.kind === 'rate_limited') await letRest(provider.id, error.retryAfterMs ?? usualRestMs, context)
    throw afterRefusal(generation, tried, error, context, sent.state === 'preparing')
  }
}

/** The create answer is lost: the provider may be making the clip. Found, it goes on as if nothing had been; not found, it is held. */
async function lookFor(
  generation: Generation,
  provider: Provider,
  attempt: Attempt,
  context: RunContext,
  pause: AbortSignal,
): Promise<Accepted> {
  const operation = await recoverSubmission(generation, provider, attempt, context, pause)
  if (!operation) throw new Outcome('held', 'submission_unknown', 'hold')
  await recordOperation(context.database.statements, attempt.id, operation)
  return { attempt: { ...attempt, operation }, operation }
}

async function prepare(generation: Generation, provider: Provider, { database }: RunContext, signal: AbortSignal): Promise<HostedImages> {
  const { firstFrame, lastFrame } = generation.request
  return {
    ...(firstFrame && { firstFrame: await provider.prepare(await readImage(database.statements, firstFrame), { signal }) }),
    ...(lastFrame && { lastFrame: await provider.prepare(await readImage(database.statements, lastFrame), { signal }) }),
  }
}

/** The last moment at which a cancel is free, and at which a lost lease can still keep a second job from being made. */
async function lastLook(generation: Generation, { database, owner }: RunContext): Promise<void> {
  const current = await database.statements
    .selectFrom('generations')
    .select(['owner', 'state', 'cancel_requested_at'])
    .where('id', '=', generation.id)
    .executeTakeFirst()
  if (current?.owner !== owner || current.state !== 'submitting')
    throw new LeaseLost('the generation was taken over before it was submitted')
  if (current.cancel_requested_at !== null) throw new Outcome('cancelled', 'cancelled-by-member', 'release')
}

/** On to the next provider if this refusal lets us and there is one that was not tried; otherwise the end, with nothing due. */
function afterRefusal(
  generation: Generation,
  attempts: readonly Attempt[],
  error: ProviderError,
  context: RunContext,
  /** Before the billable call nothing can have been accepted, whatever went wrong. */
  nothingSent = false,
): FailOver | Outcome {
  const mayMove = (error.failoverSafe || nothingSent) && error.kind !== 'moderation'
  const next = mayMove ? (nextProvider(generation, attempts, context) ?? sameProvider(generation, attempts, error)) : undefined
  return next ? new FailOver(next, error) : new Outcome('failed', error.kind, 'release', { cause: error })
}

function nextProvider(generation: Generation, attempts: readonly Attempt[], { providers, router }: RunContext): ProviderId | undefined {
  const tried = new Set(attempts.map(({ provider }) => provider))
  const untried = generation.candidates.filter((id) => !tried.has(id) && id !== generation.provider && providers.has(id))
  return untried.find((id) => !router.isOut(id)) ?? untried[0]
}

/** Where nobody else is left and the provider only asked for patience, the request waits in its line again, a few times. */
function sameProvider(generation: Generation, attempts: readonly Attempt[], error: ProviderError): ProviderId | undefined {
  const tries = attempts.filter(({ provider }) => provider === generation.provider).length
  return error.kind === 'rate_limited' && tries < triesWhenBusy ? generation.provider : undefined
}

/** Kept in the store for every process, and in memory so that new requests go elsewhere. */
async function letRest(id: ProviderId, milliseconds: number, { database, clock, router }: RunContext): Promise<void> {
  router.rest(id, clock.now() + milliseconds)
  await pauseProvider(database, id, (await sharedNow(database, clock)) + milliseconds)
}

/** What the provider said then, as far as it was kept. */
function refusalOf({ provider, endReason }: Attempt): ProviderError {
  const kind = (endReason ?? 'unavailable') as ProviderErrorKind
  return new ProviderError({ provider, kind, failoverSafe: kind !== 'moderation' })
}

function providerOf(generation: Generation, current: Attempt | undefined, { providers }: RunContext): Provider {
  const provider = providers.get(generation.provider)
  if (provider) return provider
  // The operator took the key away. What may be a job can be neither read nor cancelled now, so nobody can know what it costs.
  if (current && (current.operation || current.state === 'sent' || current.state === 'unknown')) throw new Outcome('held', 'auth', 'hold')
  throw new Outcome('failed', 'unavailable', 'release')
}
