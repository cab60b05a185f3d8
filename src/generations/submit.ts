import { ProviderError } from '../domain/provider-error.ts'
import type { HostedFrames, Operation, Provider } from '../providers/provider.ts'
import { readFrame } from '../storage/frames.ts'
import { type Attempt, closeAttempt, latestAttempt, openAttempt, recordOperation } from './attempts.ts'
import { Ending } from './ending.ts'
import type { Generation } from './generation.ts'
import type { Parts, StopSignals } from './parts.ts'
import { toGeneration } from './rows.ts'
import { LeaseLost, transition } from './store.ts'

/** A generation that a host has accepted. */
export interface Submitted {
  generation: Generation
  attempt: Attempt
  operation: Operation
}

/**
 * Hands the job to its host, or picks up the operation that its attempt already holds. The attempt is durable before the call; an attempt without an
 * operation therefore means that nobody can know what became of it, and it is never sent a second time.
 */
export async function submit(generation: Generation, parts: Parts, signals: StopSignals): Promise<Submitted> {
  const { database, clock, owner } = parts
  const earlier = await latestAttempt(database.statements, generation.id)
  // A crash came between the host's refusal and its settlement; the reason is gone, but that nothing is due is known.
  if (earlier?.state === 'refused') throw new Ending('failed', 'unavailable', 'release')
  if (earlier && !earlier.operation) throw new Ending('held', 'submission_unknown', 'hold')
  if (generation.state === 'rendering' && earlier?.operation) return { generation, attempt: earlier, operation: earlier.operation }

  const provider = providerOf(generation, parts)
  const accepted = earlier?.operation
    ? { attempt: earlier, operation: earlier.operation }
    : await create(generation, provider, parts, signals)
  const row = await transition(database.statements, {
    id: generation.id,
    owner,
    from: 'submitting',
    to: 'rendering',
    set: { started_at: clock.now() },
  })
  return { generation: toGeneration(row), ...accepted }
}

async function create(
  generation: Generation,
  provider: Provider,
  parts: Parts,
  signals: StopSignals,
): Promise<Omit<Submitted, 'generation'>> {
  const { database, clock, delivery } = parts
  delivery.show(generation, { now: clock.now() })
  const frames = await prepare(generation, provider, parts, signals.pause)
  await lastLook(generation, parts)

  const attempt = await openAttempt(database.statements, { generationId: generation.id, provider: provider.id, now: clock.now() })
  let operation: Operation
  try {
    operation = await provider.start(generation.request, frames, { attemptId: attempt.id, signal: signals.force })
  } catch (error) {
    throw await failedSubmission(error, attempt, parts)
  }
  await recordOperation(database.statements, attempt.id, operation)
  return { attempt, operation }
}

async function prepare(generation: Generation, provider: Provider, { database }: Parts, signal: AbortSignal): Promise<HostedFrames> {
  const { startFrame, lastFrame } = generation.request
  try {
    return {
      ...(startFrame && { startFrame: await provider.prepare(await readFrame(database.statements, startFrame), { signal }) }),
      ...(lastFrame && { lastFrame: await provider.prepare(await readFrame(database.statements, lastFrame), { signal }) }),
    }
  } catch (error) {
    // Nothing billable has been sent yet, so whatever went wrong, nothing is due.
    if (error instanceof ProviderError) throw new Ending('failed', error.kind, 'release', { cause: error })
    throw error
  }
}

/** The last moment at which a cancel is free, and at which a lost lease can still keep a second job from being made. */
async function lastLook(generation: Generation, { database, owner }: Parts): Promise<void> {
  const current = await database.statements
    .selectFrom('generations')
    .select(['owner', 'state', 'cancel_requested_at'])
    .where('id', '=', generation.id)
    .executeTakeFirst()
  if (current?.owner !== owner || current.state !== 'submitting')
    throw new LeaseLost('the generation was taken over before it was submitted')
  if (current.cancel_requested_at !== null) throw new Ending('cancelled', 'cancelled-by-member', 'release')
}

/** Any typed refusal means that no job was made (whether another host may be asked is a different question); everything else is held. */
async function failedSubmission(error: unknown, attempt: Attempt, { database, clock }: Parts): Promise<Ending> {
  const known = error instanceof ProviderError && error.kind !== 'submission_unknown'
  await closeAttempt(database.statements, attempt.id, { state: known ? 'refused' : 'unknown', now: clock.now() })
  if (known) return new Ending('failed', error.kind, 'release', { cause: error })
  return new Ending('held', 'submission_unknown', 'hold', { cause: error })
}

function providerOf(generation: Generation, { providers }: Parts): Provider {
  const provider = providers.get(generation.provider)
  // The operator took the key away while requests were waiting for this host.
  if (!provider) throw new Ending('failed', 'unavailable', 'release')
  return provider
}
