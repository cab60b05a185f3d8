import { type ClipFeature, type ClipRequest, modeOf } from '../domain/clip-request.ts'
import { ProviderError } from '../domain/provider-error.ts'
import type { Capabilities, HostedImages, Provider } from './provider.ts'

export const allCapabilities: Capabilities = { text: true, firstFrame: true, lastFrame: true, negativePrompt: true, guidance: true }

/** What the request needs and a provider with these capabilities lacks; empty where the provider can do it. */
export function missingCapabilities({ capabilities }: { capabilities: Capabilities }, request: ClipRequest): ClipFeature[] {
  return neededCapabilities(request).filter((capability) => !capabilities[capability])
}

/** The providers, in the order given, that can do everything the request asks for. */
export function capableProviders<T extends { capabilities: Capabilities }>(providers: readonly T[], request: ClipRequest): T[] {
  return providers.filter((provider) => missingCapabilities(provider, request).length === 0)
}

function neededCapabilities(request: ClipRequest): ClipFeature[] {
  const mode = modeOf(request)
  const needed: ClipFeature[] = [mode === 'text' ? 'text' : 'firstFrame']
  if (mode === 'first-and-last-frame') needed.push('lastFrame')
  if (request.negativePrompt !== undefined) needed.push('negativePrompt')
  if (request.guidance !== undefined) needed.push('guidance')
  return needed
}

/**
 * The last check before money is spent: the provider can do it, and every image is there. A clip made without a requested image would be paid for
 * and wrong.
 * @throws {ProviderError} `invalid_input`; nothing was sent
 */
export function assertStartable(provider: Pick<Provider, 'id' | 'capabilities'>, request: ClipRequest, images: HostedImages): void {
  const imagesMatch = !request.firstFrame === !images.firstFrame && !request.lastFrame === !images.lastFrame
  const lastFrameAlone = request.lastFrame !== undefined && request.firstFrame === undefined
  if (imagesMatch && !lastFrameAlone && missingCapabilities(provider, request).length === 0) return
  throw new ProviderError({ provider: provider.id, kind: 'invalid_input', failoverSafe: true })
}
