import { type ClipFeature, type ClipRequest, modeOf } from '../domain/clip-request.ts'
import { ProviderError } from '../domain/provider-error.ts'
import type { Capabilities, HostedImages, Provider } from './provider.ts'

/** What the request needs and a provider with these capabilities does not have; empty where it can be done. */
export function missingCapabilities({ capabilities }: { capabilities: Capabilities }, request: ClipRequest): ClipFeature[] {
  return needsOf(request).filter((capability) => !capabilities[capability])
}

/** The providers, in the order given, that can do everything the request asks for. */
export function capableProviders<T extends { capabilities: Capabilities }>(providers: readonly T[], request: ClipRequest): T[] {
  return providers.filter((provider) => missingCapabilities(provider, request).length === 0)
}

function needsOf(request: ClipRequest): ClipFeature[] {
  const mode = modeOf(request)
  const needs: ClipFeature[] = [mode === 'text' ? 'text' : 'firstFrame']
  if (mode === 'first-and-last-frame') needs.push('lastFrame')
  if (request.negativePrompt !== undefined) needs.push('negativePrompt')
  if (request.guidance !== undefined) needs.push('guidance')
  return needs
}

/**
 * The last check before money is spent: the provider can do it, and the images asked for are there. A clip without an image that was asked for
 * would be paid and wrong.
 * @throws {ProviderError} `invalid_input`; nothing was sent
 */
export function assertStartable(provider: Pick<Provider, 'id' | 'capabilities'>, request: ClipRequest, images: HostedImages): void {
  const imagesMatch = !request.firstFrame === !images.firstFrame && !request.lastFrame === !images.lastFrame
  const lastFrameAlone = request.lastFrame !== undefined && request.firstFrame === undefined
  if (imagesMatch && !lastFrameAlone && missingCapabilities(provider, request).length === 0) return
  throw new ProviderError({ provider: provider.id, kind: 'invalid_input', failoverSafe: true })
}
