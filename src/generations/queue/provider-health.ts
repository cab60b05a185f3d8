import type { ProviderError, ProviderErrorKind } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { sharedNow } from '../../storage/database.ts'
import type { BlockReason } from '../../storage/schema.ts'
import { type BlockContext, reportBlock, unblockProvider } from './provider-blocks.ts'
import { pauseProvider } from './provider-pauses.ts'

/** How long a rate-limited provider is paused if it does not say. */
const usualPauseMs = 10_000

/** What blocks a provider; any other answer to a create call shows that it is well. */
const blockReasons: Partial<Record<ProviderErrorKind, BlockReason>> = {
  submission_unknown: 'submission_unknown',
  unavailable: 'unavailable',
  timeout: 'unavailable',
  auth: 'auth',
  no_credit: 'no_credit',
}

/** `trial`: the provider was blocked, and this create call decides whether it still is. */
export type Admission = 'open' | 'trial'

/** Keeps what a failed create call, or a failed upload before it (`admission` is undefined), says about the provider, for every process. */
export async function noteFailure(error: ProviderError, admission: Admission | undefined, context: BlockContext): Promise<void> {
  const { provider, kind, retryAfterMs } = error
  const { database, clock } = context
  const reason = blockReasons[kind]
  if (reason) await reportBlock(context, provider, reason, admission === 'trial' ? 'trial' : 'create')
  else if (admission) await noteAnswer(provider, admission, context)
  const pauseMs = retryAfterMs ?? (kind === 'rate_limited' ? usualPauseMs : undefined)
  if (pauseMs !== undefined) await pauseProvider(database, provider, (await sharedNow(database, clock)) + pauseMs)
}

/** The provider answered a create call. One that was sent before the block says nothing about what came after. */
export async function noteAnswer(provider: ProviderId, admission: Admission, { database }: BlockContext): Promise<void> {
  if (admission === 'trial') await unblockProvider(database.statements, provider)
}
