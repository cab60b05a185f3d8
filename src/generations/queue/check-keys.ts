import { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Provider } from '../../providers/provider.ts'
import { providerDescriptors } from '../../providers/registry.ts'
import { type BlockContext, reportBlock } from './provider-blocks.ts'

/** Wall-clock milliseconds: a start does not wait longer for a provider that is slow. */
const timeoutMs = 5000

interface CheckContext extends BlockContext {
  providers: ReadonlyMap<ProviderId, Provider>
}

/**
 * Makes a free call to each provider at the start, so that a wrong key is known before a member waits for it. Such a provider is blocked like one whose
 * create call was refused for its key; the others work. Never rejects.
 */
export async function checkKeys(context: CheckContext, stopping: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)])
  await Promise.all([...context.providers.values()].map((provider) => checkKey(provider, context, signal)))
}

async function checkKey(provider: Provider, context: CheckContext, signal: AbortSignal): Promise<void> {
  const { log } = context
  const { id } = provider
  try {
    await provider.probe({ signal })
  } catch (error) {
    const kind = error instanceof ProviderError ? error.kind : 'timeout'
    if (kind === 'no_credit') log.warn({ provider: id }, 'the balance at this provider does not pay for a clip')
    else if (kind !== 'auth') log.info({ provider: id, kind }, 'key not checked: the provider did not answer a free call')
    if (kind !== 'auth') return
    const variable = providerDescriptors.find((descriptor) => descriptor.id === id)?.keyVariable ?? 'the key'
    log.error({ provider: id }, `the provider rejected ${variable}: correct it and restart; until then the other providers make the clips`)
    await reportBlock(context, id, 'auth', 'probe').catch((failure: unknown) =>
      log.warn({ provider: id, error: failure }, 'a provider with a wrong key was not blocked'),
    )
  }
}
