import { createFalClient, type FalClient } from '@fal-ai/client'
import type { FalStandIn } from '../../../../sandbox/providers/fal/stand-in.ts'

/** fal's published client; its `fetch` option maps the addresses. */
export function falClientOf({ origins, apiKey }: Pick<FalStandIn, 'origins' | 'apiKey'>): FalClient {
  const mapped = new Map([
    ['https://queue.fal.run', origins.queue],
    ['https://rest.fal.ai', origins.rest],
    ['https://fal.run', origins.run],
  ])
  return createFalClient({
    credentials: apiKey,
    retry: { maxRetries: 0 },
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      return fetch((mapped.get(url.origin) ?? url.origin) + url.pathname + url.search, init)
    },
  })
}
