import { randomUUID } from 'node:crypto'

import type { ProviderId } from '../../src/domain/provider-id.ts'
import { allCapabilities } from '../../src/providers/capabilities.ts'
import type { Provider, Status } from '../../src/providers/provider.ts'

/** A provider in this process that completes every job at once, and whose stream says so. */
export function instantProvider(id: ProviderId): Provider {
  const completed: Status = { state: 'completed', url: 'https://provider.example/clip.mp4' }
  return {
    id,
    capabilities: allCapabilities,
    price: () => 350_000,
    prepare: () => Promise.reject(new Error('no bench sends an image')),
    start: () => Promise.resolve({ id: randomUUID() }),
    probe: () => Promise.resolve(),
    status: () => Promise.resolve(completed),
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream whose first event is there at once
    watch: async function* () {
      yield completed
    },
  }
}
