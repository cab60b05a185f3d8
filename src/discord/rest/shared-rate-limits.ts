import type { RESTOptions } from 'discord.js'

import { ExpiringMap } from '../../lib/expiring-map.ts'

type MakeRequest = RESTOptions['makeRequest']
type DiscordResponse = Awaited<ReturnType<MakeRequest>>

interface Bucket {
  id: string
  limit: number
  remaining: number
  /** Milliseconds since the epoch, by this machine's clock. */
  resetsAt: number
}

/** Where a call counts. Calls of the same channel, server or token share a bucket if Discord gives their routes the same id. */
interface Place {
  /** The method and the path without ids. */
  route: string
  /** The part of the path that has limits of its own. */
  owner: string
}

/** Discord's windows last seconds; only a few routes have longer ones, which the library learns about by itself. */
const longestWindowMs = 60_000

/**
 * What the REST clients of this process know about Discord's rate limits together. The library keeps this per client, so that a clip would be sent whole
 * only to meet a limit that the card's progress had just used up. Here such a call gets Discord's answer without being sent, and its client waits as usual.
 */
export function createSharedRateLimits() {
  const bucketIds = new Map<string, string>()
  const buckets = new ExpiringMap<string, Bucket>(longestWindowMs)
  let globalUntil = 0

  /** Takes one call out of its bucket, or returns the answer that says how long to wait. */
  function take({ route, owner }: Place, countsGlobally: boolean): DiscordResponse | undefined {
    const now = Date.now()
    if (countsGlobally && globalUntil > now) return tooManyRequests(globalUntil - now, { 'x-ratelimit-global': 'true' })
    const bucket = buckets.get(`${bucketIds.get(route)} ${owner}`)
    if (!bucket || bucket.resetsAt <= now) return undefined
    if (bucket.remaining <= 0) return tooManyRequests(bucket.resetsAt - now, usedUp(bucket, now))
    bucket.remaining -= 1
    return undefined
  }

  function learn({ route, owner }: Place, { headers }: DiscordResponse): void {
    const now = Date.now()
    if (headers.has('x-ratelimit-global')) globalUntil = now + 1000 * Number(headers.get('retry-after') ?? 0)
    const [id, remaining, resetAfter] = ['bucket', 'remaining', 'reset-after'].map((name) => headers.get(`x-ratelimit-${name}`))
    if (!id || !remaining || !resetAfter) return
    bucketIds.set(route, id)
    const known = buckets.get(`${id} ${owner}`)
    const told = {
      ...{ id, remaining: Number(remaining), resetsAt: now + 1000 * Number(resetAfter) },
      limit: Number(headers.get('x-ratelimit-limit') ?? remaining),
    }
    // Calls overlap: an earlier one may be answered after a later one, which has already been taken out.
    if (known && known.resetsAt > now) told.remaining = Math.min(told.remaining, known.remaining)
    buckets.set(`${id} ${owner}`, told)
  }

  return {
    /** The same transport, with the knowledge of all others that went through here. */
    share(makeRequest: MakeRequest): MakeRequest {
      return async (url, init) => {
        const place = placeOf(init.method ?? 'GET', url)
        // An interaction is answered once.
        if (!place) return makeRequest(url, init)
        const refused = take(place, new Headers(init.headers as never).has('authorization'))
        if (refused) return refused
        const response = await makeRequest(url, init)
        learn(place, response)
        return response
      }
    },
  }
}

function placeOf(method: string, url: string): Place | undefined {
  const path = new URL(url).pathname.replace(/^.*?\/v\d+\//, '/')
  if (path.startsWith('/interactions/')) return undefined
  const owner = /^\/(?:channels|guilds)\/\d+|^\/webhooks\/\d+(?:\/[^/]+)?/.exec(path)?.[0] ?? ''
  const route = path.replace(/^\/webhooks\/\d+\/[^/]+/, '/webhooks/:id/:token').replace(/\d{16,}/g, ':id')
  return { route: `${method} ${route}`, owner }
}

/** As Discord itself answers; the library's clients reject or wait, as each is set to. */
function tooManyRequests(waitMs: number, headers: Record<string, string>): DiscordResponse {
  const seconds = waitMs / 1000
  return Response.json(
    { message: 'You are being rate limited.', retry_after: seconds, global: 'x-ratelimit-global' in headers },
    { status: 429, headers: { ...headers, 'retry-after': String(seconds) } },
  )
}

function usedUp({ id, limit, resetsAt }: Bucket, now: number): Record<string, string> {
  const standing = { bucket: id, limit, remaining: 0, 'reset-after': (resetsAt - now) / 1000, scope: 'user' }
  return Object.fromEntries(Object.entries(standing).map(([name, value]) => [`x-ratelimit-${name}`, String(value)]))
}
