import type { ImageReference } from '../../domain/image.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import type { HostedImages, Operation, Provider } from '../../providers/provider.ts'
import { readImage } from '../../storage/images.ts'
import { describeStep } from '../model/describe-step.ts'
import type { Generation } from '../model/generation.ts'
import { BackToQueue, Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { type CreateCall, sendAttempt, type SentAttempt } from '../queue/create-calls.ts'
import { unblockFound } from '../queue/provider-blocks.ts'
import { type Attempt, discardUnsent, listAttempts, openAttempt, recordLostResponse, unmarkSent } from '../store/attempts.ts'
import { transition } from '../store/generations.ts'
import type { RunContext, StopSignals } from './context.ts'
import { storeFailure, storeOperation, untilStored } from './create-answers.ts'
import { afterRefusal, storedRefusal } from './fail-over.ts'
import { noteAnswer } from '../queue/provider-health.ts'
import { type LostAttempt, recoverSubmission } from './recover-submission.ts'

/** A generation that a provider has accepted. */
export interface Submitted extends Accepted {
  generation: Generation
}

interface Accepted {
  attempt: Attempt
  operation: Operation
  /** If that it renders is stored. */
  generation?: Generation | undefined
}

interface Submission {
  generation: Generation
  provider: Provider
  attempts: readonly Attempt[]
  /** The latest attempt, if it is at this provider. */
  current: Attempt | undefined
}

/**
 * Submits the job to its provider, or continues from what an earlier process left. The attempt is durable before the call; one that was `sent` and has no
 * operation is searched for, and never sent a second time.
 */
export async function submit(generation: Generation, context: RunContext, signals: StopSignals): Promise<Submitted> {
  const { database, clock, owner } = context
  const attempts = await listAttempts(database.statements, generation.id)
  const latest = attempts.at(-1)
  // An attempt at another provider is finished: this claim is for a new one.
  const current = latest?.provider === generation.provider ? latest : undefined
  if (generation.state === 'rendering' && current?.operation) return { generation, attempt: current, operation: current.operation }

  const provider = providerOf(generation, current, context)
  const accepted = await startOrRecover({ generation, provider, attempts, current }, context, signals)
  if (accepted.generation) return { ...accepted, generation: accepted.generation }
  const { id, state } = generation
  // Throws if it has another owner.
  const rendering = await transition(database.statements, { id, owner, state }, { state: 'rendering', started_at: clock.now() })
  return { ...accepted, generation: rendering }
}

async function startOrRecover(submission: Submission, context: RunContext, signals: StopSignals): Promise<Accepted> {
  const { current: attempt } = submission
  if (attempt?.operation) return { attempt, operation: attempt.operation }
  if (attempt?.state === 'sent') {
    // The process that waited for the response is gone.
    const lost = { endReason: 'submission_unknown', now: context.clock.now() } as const
    await recordLostResponse(context.database, { attempt, owner: context.owner }, lost)
    return recover({ ...submission, attempt: { ...attempt, state: 'unknown' } }, context, signals)
  }
  if (attempt?.state === 'unknown') return recover({ ...submission, attempt }, context, signals)
  if (attempt?.state !== 'refused') return start(submission, context, signals)
  // Rate limited before: this claim is for another attempt at the same provider.
  if (attempt.endReason === 'rate_limited') return start({ ...submission, current: undefined }, context, signals)
  // A crash came between the provider's refusal and its consequence.
  throw afterRefusal({ ...submission, error: storedRefusal(attempt) })
}

async function start(
  { generation, provider, attempts, current }: Submission,
  context: RunContext,
  signals: StopSignals,
): Promise<Accepted> {
  const { database, clock, delivery, owner, outageSpeed } = context
  const { id: generationId, request } = generation
  delivery.show(generation, { now: clock.now() })
  const hasImages = request.firstFrame !== undefined || request.lastFrame !== undefined
  // Durable before its images are uploaded.
  const prepared =
    hasImages && !current ? await openAttempt(database, { generationId, provider: provider.id, owner, now: clock.now() }) : current
  let sent: SentAttempt | undefined
  try {
    const images = await prepareImages(generation, provider, context, signals.pause)
    sent = await send(
      { generationId, provider: provider.id, owner, prepared, images, clock, outageSpeed },
      { attempts, context, force: signals.force },
    )
    const { attempt } = sent
    const options = { attemptId: attempt.id, webhookUrl: context.webhookUrlOf(attempt), signal: signals.force }
    const operation = await provider.start(generation.request, images, options)
    const rendering = await storeOperation(attempt, operation, context, signals.force)
    context.log.info(describeStep(generation, { provider: provider.id, job: operation.id }), 'submitted')
    await noteAnswer(provider.id, sent.admission, context)
    return { attempt: { ...attempt, operation }, operation, generation: rendering }
  } catch (error) {
    const attempt = sent?.attempt ?? prepared
    // Nothing is stored that would have to be taken back.
    if (!attempt) throw error
    // Aborted before the connection opened (later it would be `submission_unknown`): nothing was sent after all.
    if (signals.force.aborted && error === signals.force.reason) await unmarkSent(database, { attempt, owner })
    if (error instanceof BackToQueue) await discardUnsent(database, { attempt, owner })
    if (!(error instanceof ProviderError)) throw error
    await storeFailure(error, { attempt, admission: sent?.admission }, context, signals.force)
    if (error.kind === 'submission_unknown')
      return recover({ generation, provider, attempt: { ...attempt, state: 'unknown' } }, context, signals)
    throw afterRefusal({
      ...{ generation, error, nothingSent: attempt.state === 'preparing' },
      attempts: [...attempts.filter(({ id }) => id !== attempt.id), attempt],
    })
  }
}

/** Stores that the call is sent. Nothing was sent if the store failed, although its commit may have arrived: then the attempt is taken back. */
async function send(
  call: CreateCall,
  { attempts, context, force }: { attempts: readonly Attempt[]; context: RunContext; force: AbortSignal },
): Promise<SentAttempt> {
  const { database } = context
  const { generationId, owner, prepared } = call
  const takeBack = async () => {
    const attempt = (await listAttempts(database.statements, generationId)).at(-1)
    const isOurs = attempt?.id === prepared?.id || !attempts.some(({ id }) => id === attempt?.id)
    if (attempt?.state === 'sent' && isOurs) await unmarkSent(database, { attempt, owner })
  }
  try {
    return await sendAttempt(database, call)
  } catch (error) {
    if (!(error instanceof LeaseLost || error instanceof Outcome || error instanceof BackToQueue))
      await untilStored(takeBack, force, context)
    throw error
  }
}

/** The create response was lost, so the provider may be rendering the clip. A job that is found continues as usual; otherwise the generation is held. */
async function recover(
  { generation, provider, attempt }: LostAttempt,
  context: RunContext,
  { pause, force }: StopSignals,
): Promise<Accepted> {
  const operation = await recoverSubmission({ generation, provider, attempt }, context, pause)
  if (!operation) throw new Outcome('held', 'submission_unknown', 'hold')
  const rendering = await storeOperation(attempt, operation, context, force)
  // It accepts jobs, whatever became of the response.
  await unblockFound(context.database.statements, provider.id, attempt.sentAt ?? 0)
  return { attempt: { ...attempt, operation }, operation, generation: rendering }
}

async function prepareImages(
  { id, request: { firstFrame, lastFrame } }: Generation,
  provider: Provider,
  { database, log }: RunContext,
  signal: AbortSignal,
): Promise<HostedImages> {
  const prepare = async (reference: ImageReference) => {
    const image = await readImage(database.imageStatements, reference)
    if (image) return provider.prepare(image, { signal })
    log.error({ generation: id, sha256: reference.sha256 }, 'a stored image is missing; nothing is charged')
    // No retry would find it, and until the end the request would count as one that is being sent.
    throw new Outcome('failed', 'internal', 'release')
  }
  return {
    ...(firstFrame && { firstFrame: await prepare(firstFrame) }),
    ...(lastFrame && { lastFrame: await prepare(lastFrame) }),
  }
}

function providerOf(generation: Generation, current: Attempt | undefined, { providers }: RunContext): Provider {
  const provider = providers.get(generation.provider)
  if (provider) return provider
  // The operator removed the key. What may be a job can be neither read nor cancelled now, so its cost is unknown.
  if (current && (current.operation || current.state === 'sent' || current.state === 'unknown')) throw new Outcome('held', 'auth', 'hold')
  throw new BackToQueue(`no key for ${generation.provider}`)
}
