import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Provider } from '../../providers/provider.ts'
import { sharedNow } from '../../storage/database.ts'
import type { Notifier } from '../notify/notifier.ts'
import { allowTrial, type BlockContext, claimDueProbes, type DueProbe, reportBlock } from './provider-blocks.ts'

/** Wall-clock milliseconds: a provider that does not answer this soon is not back yet. */
const timeoutMs = 10_000

interface ProberContext extends BlockContext {
  providers: ReadonlyMap<ProviderId, Provider>
  notifier: Pick<Notifier, 'notifyWork'>
}

/** Makes the free calls to blocked providers that are due, each in one of several processes. */
export async function probeBlocked(context: ProberContext, stopping: AbortSignal): Promise<void> {
  const { database, providers, clock, outageSpeed } = context
  const due = await claimDueProbes(database.statements, [...providers.keys()], { now: await sharedNow(database, clock), outageSpeed })
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)])
  await Promise.all(due.map((probe) => probeOne(probe, context, signal)))
}

async function probeOne(due: DueProbe, context: ProberContext, signal: AbortSignal): Promise<void> {
  const { provider, reason } = due
  const { database, notifier, log } = context
  const failure = await failureOf(due, context, signal)
  if (failure !== undefined) {
    log.info({ provider, reason, kind: failure }, 'a free call to a blocked provider failed; trying again later')
    // The operator is waited for: the free calls come at that pace, and a tried create call whose process died no longer hides the reason.
    if (failure === 'auth' || failure === 'no_credit') await reportBlock(context, provider, failure, 'probe')
    return
  }
  if (!(await allowTrial(database.statements, due))) return
  log.info({ provider, reason }, 'a blocked provider answers again; trying one create call')
  notifier.notifyWork()
}

async function failureOf(
  { provider, reason }: DueProbe,
  { providers }: ProberContext,
  signal: AbortSignal,
): Promise<ProviderErrorKind | undefined> {
  try {
    await providers.get(provider)?.probe({ signal })
    return undefined
  } catch (error) {
    if (!(error instanceof ProviderError) && !signal.aborted) throw error
    const kind = error instanceof ProviderError ? error.kind : 'timeout'
    // An account that is billed afterwards has no balance: only where a create call was refused for it does an empty one mean anything.
    return kind === 'no_credit' && reason !== 'no_credit' ? undefined : kind
  }
}
