import type { ClipRequest } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { Refusal } from '../../domain/refusal.ts'
import { capableProviders, missingCapabilities } from '../../providers/capabilities.ts'
import type { Provider } from '../../providers/provider.ts'
import { providerDescriptors } from '../../providers/registry.ts'
import type { Estimates } from '../store/run-time-estimates.ts'

export interface ProviderSelection {
  providers: readonly Provider[]
  estimates: Estimates
  /** The member's choice, which excludes all others. */
  only?: ProviderId | undefined
  /** The guild's order, or the operator's. */
  chosen?: readonly ProviderId[] | undefined
}

/**
 * The providers that may make this clip, the preferred one first: as chosen, or else the cheapest, then the quickest. Which of them can take it is
 * decided when it is claimed. Throws a `Refusal` that says who could make it, before any money is spent.
 */
export function selectProviders(request: ClipRequest, selection: ProviderSelection): [Provider, ...Provider[]] {
  const { providers, estimates, only, chosen } = selection
  const offered = only === undefined ? providers : providers.filter(({ id }) => id === only)
  const rank = (provider: Provider): [number, number] => {
    if (!chosen) return [provider.price(request), estimates.runMs(provider.id, request)]
    const position = chosen.indexOf(provider.id)
    return [position === -1 ? chosen.length : position, 0]
  }
  const [first, ...others] = capableProviders(offered, request).toSorted((left, right) => {
    const [a, b] = [rank(left), rank(right)]
    return a[0] - b[0] || a[1] - b[1]
  })
  if (!first) throw unsupported(request, selection)
  return [first, ...others]
}

function unsupported(request: ClipRequest, { providers, only }: ProviderSelection): Refusal {
  const missingAt = (id: ProviderId) => {
    const provider = [...providers, ...providerDescriptors].find((candidate) => candidate.id === id)
    return provider ? missingCapabilities(provider, request) : []
  }
  if (only !== undefined) {
    const choices = capableProviders(providers, request).map(({ id }) => id)
    return new Refusal('unsupported-by-provider', { provider: only, features: missingAt(only), choices })
  }
  const features = [...new Set(providers.flatMap(({ id }) => missingAt(id)))]
  return new Refusal('unsupported', { features, choices: capableProviders(providerDescriptors, request).map(({ id }) => id) })
}
