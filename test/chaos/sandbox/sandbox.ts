import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import { BilledJob } from './billed-jobs.ts'

const StandIn = z.object({ origins: z.record(z.string(), z.string()), apiKey: z.string() })
const Addresses = z.object({
  control: z.string(),
  discord: z.object({ origin: z.string(), api: z.string(), cdn: z.string(), token: z.string(), channel: z.string() }),
  /** Each provider's API by way of a proxy that delays some answers. */
  slowOrigins: z.object({ fal: z.string(), replicate: z.string(), wavespeed: z.string(), runware: z.string(), eachlabs: z.string() }),
  providers: z.object({ fal: StandIn, replicate: StandIn, wavespeed: StandIn, runware: StandIn, eachlabs: StandIn }),
})
const Requests = z.array(z.object({ route: z.string().optional(), status: z.number().optional(), body: z.unknown().optional() }))

/** The local Discord and the providers, in another process that answers over HTTP. */
export interface ChaosSandbox extends z.infer<typeof Addresses> {
  billedJobs(): Promise<BilledJob[]>
  /** The bodies, as text, of the create calls that a provider broke off or answered with a 5xx: the bot cannot know their outcome. */
  lostCreates(): Promise<string[]>
  deleteMessage(id: string): Promise<void>
  stop(): Promise<void>
}

export async function startSandbox(start: { seed: number; providerSpeed: number }): Promise<ChaosSandbox> {
  const child = fork(fileURLToPath(new URL('./sandbox-process.ts', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send(start)
  const [answer] = (await once(child, 'message')) as unknown[]
  const addresses = Addresses.parse(answer)
  const { control, providers } = addresses
  return {
    ...addresses,
    billedJobs: async () => z.array(BilledJob).parse(await getJson(`${control}/jobs`)),
    lostCreates: async () => {
      const lists = await Promise.all(
        Object.values(providers).map(async ({ origins }) =>
          Requests.parse(await getJson(`${Object.values(origins)[0] ?? ''}/sandbox/requests`)),
        ),
      )
      return lists
        .flat()
        .filter(({ route, status }) => route === 'create' && (status === undefined || status >= 500))
        .map(({ body }) => JSON.stringify({ body }))
    },
    deleteMessage: async (id) => {
      await fetch(`${control}/messages/${id}`, { method: 'DELETE' })
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`)
  return response.json()
}
