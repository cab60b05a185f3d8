import type { ClipRequest } from '../../domain/clip-request.ts'
import { type ProviderId, providerIds, providerNames } from '../../domain/provider-id.ts'
import { Refusal } from '../../domain/refusal.ts'
import { capableProviders, missingCapabilities, type RequestedCapability } from '../../providers/capabilities.ts'
import type { Provider } from '../../providers/provider.ts'
import { capabilitiesOf } from '../../providers/registry.ts'
import type { Router } from '../../providers/router.ts'
import type { Estimates } from '../store/run-time-estimates.ts'

export interface ProviderSelection {
  providers: readonly Provider[]
  router: Router
  estimates: Estimates
  /** The member's own choice: then nobody else makes it. */
  only?: ProviderId | undefined
  /** The guild's order, or the operator's. */
  chosen?: readonly ProviderId[] | undefined
}

/** The providers that may make this clip, best first. None is a refusal, before any money, that names who could. */
export function selectProviders(request: ClipRequest, { providers, router, estimates, only, chosen }: ProviderSelection): Provider[] {
  const offered = only === undefined ? providers : providers.filter(({ id }) => id === only)
  const capable = capableProviders(offered, request)
  if (capable.length === 0) throw noneCan(request, offered)
  return router.order(capable, {
    chosen,
    price: (provider) => provider.price(request),
    expectedMs: (provider) => estimates.runMs(provider.id, request),
  })
}

function noneCan(request: ClipRequest, offered: readonly Provider[]): Refusal {
  const missing = new Set(offered.flatMap((provider) => missingCapabilities(provider, request)))
  const others = providerIds.filter((id) => missingCapabilities({ capabilities: capabilitiesOf[id] }, request).length === 0)
  return new Refusal('no-provider-can', {
    feature: [...missing].map((capability) => capabilityNames[capability]).join(', '),
    capable: others.map((id) => providerNames[id]),
  })
}

const capabilityNames: Record<RequestedCapability, string> = {
  text: 'a clip from words alone',
  firstFrame: 'a clip from an image',
  lastFrame: 'a last frame',
  negativePrompt: '`negative`',
  guidance: '`guidance`',
}
