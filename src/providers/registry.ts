import type { ProviderId } from '../domain/provider-id.ts'
import type { ProviderDescriptor } from './descriptor.ts'
import { eachlabs } from './eachlabs/descriptor.ts'
import { fal } from './fal/descriptor.ts'
import { replicate } from './replicate/descriptor.ts'
import { runware } from './runware/descriptor.ts'
import { wavespeed } from './wavespeed/descriptor.ts'

/** The providers that Rushes can use, in the order in which they are listed. */
export const providerDescriptors: readonly ProviderDescriptor[] = [fal, replicate, wavespeed, runware, eachlabs]

/** The provider's name for people; its id where a stored row names a provider that has been removed. */
export function providerName(id: ProviderId): string {
  return providerDescriptors.find((descriptor) => descriptor.id === id)?.name ?? id
}
