import { createFalClient } from '@fal-ai/client'
import { RunwareServer } from '@runware/sdk-js'
import Replicate from 'replicate'
import { Client as Wavespeed } from 'wavespeed'
import { z } from 'zod'

import { answerParent } from '../shared/child.ts'

const Setup = z.object({
  speed: z.number(),
  origins: z.record(z.string(), z.record(z.string(), z.string())),
  apiKeys: z.record(z.string(), z.string()),
})
type Setup = z.infer<typeof Setup>

const prompt = 'a paper boat'
const kling = 'fal-ai/kling-video/v2.5-turbo/pro/text-to-video'

/** Every vendor's published client with its own way of waiting and its own intervals. Each function makes one clip. */
function createClients({ origins, apiKeys }: Setup): Record<string, () => Promise<unknown>> {
  const originOf = (provider: string, name: string) => origins[provider]?.[name] ?? ''
  const fal = createFalClient({
    credentials: apiKeys['fal'] ?? '',
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      return fetch(originOf('fal', 'queue') + url.pathname + url.search, init)
    },
  })
  const replicate = new Replicate({ auth: apiKeys['replicate'] ?? '', baseUrl: `${originOf('replicate', 'api')}/v1` })
  const wavespeed = new Wavespeed(apiKeys['wavespeed'], { baseUrl: originOf('wavespeed', 'api') })
  const runware = new RunwareServer({
    apiKey: apiKeys['runware'] ?? '',
    url: `${originOf('runware', 'socket').replace('http:', 'ws:')}/v1`,
  })
  return {
    'fal polling': () => fal.subscribe(kling, { input: { prompt } }),
    'fal stream': () => fal.subscribe(kling, { input: { prompt }, mode: 'streaming' }),
    // Its default blocks for a minute and then gives up on longer jobs.
    'replicate polling': () => replicate.run('kwaivgi/kling-v2.5-turbo-pro', { input: { prompt }, wait: { mode: 'poll' } }),
    'wavespeed polling': () => wavespeed.run('kwaivgi/kling-v2.5-turbo-pro/text-to-video', { prompt }),
    'runware polling': () => runware.videoInference({ model: 'klingai:6@1', positivePrompt: prompt }),
  }
}

/** Timers run as fast as the providers' clock, so that a client's own intervals fit the jobs. */
function speedUpTimers(speed: number): void {
  const { setTimeout: timeout, setInterval: interval } = globalThis
  type Start = (callback: (...values: unknown[]) => void, delayMs?: number, ...values: unknown[]) => NodeJS.Timeout
  const faster =
    (start: Start): Start =>
    (callback, delayMs = 0, ...values) =>
      start(callback, delayMs / speed, ...values)
  // Whoever promisifies a timer gets the original; none of the clients does.
  Object.assign(globalThis, { setTimeout: faster(timeout), setInterval: faster(interval) })
}

let clients: ReturnType<typeof createClients> = {}

answerParent({
  setUp: (given) => {
    const setup = Setup.parse(given)
    speedUpTimers(setup.speed)
    clients = createClients(setup)
  },
  makeClip: async (name) => {
    const make = clients[z.string().parse(name)]
    if (!make) throw new Error('there is no such client')
    await make()
  },
})
