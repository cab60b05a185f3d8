import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import { BilledJob } from './billed-jobs.ts'
import type { CommandLine } from './people.ts'

const StandIn = z.object({ origins: z.record(z.string(), z.string()), apiKey: z.string() })
const Addresses = z.object({
  control: z.string(),
  discord: z.object({ origin: z.string(), api: z.string(), cdn: z.string(), token: z.string() }),
  /** The last one is given a small budget. */
  guilds: z.array(z.object({ id: z.string(), channel: z.string() })),
  /** The guild of each member, by the member's number. */
  memberGuilds: z.array(z.string()),
  /** Each provider's API by way of a proxy that delays some answers. */
  slowOrigins: z.object({ fal: z.string(), replicate: z.string(), wavespeed: z.string(), runware: z.string(), eachlabs: z.string() }),
  providers: z.object({ fal: StandIn, replicate: StandIn, wavespeed: StandIn, runware: StandIn, eachlabs: StandIn }),
})
const Requests = z.array(z.object({ route: z.string().optional(), status: z.number().optional(), body: z.unknown().optional() }))
const Started = z.object({ interactionId: z.string().nullable() })
const Pressed = z.object({ pressed: z.boolean() })

/** A create call that brought the bot no job. */
export interface FailedCreate {
  /** `refused`: answered with a 4xx. `lost`: broken off or answered with a 5xx, so that the bot may not know its outcome. */
  outcome: 'refused' | 'lost'
  /** The body as text; it contains the prompt. */
  body: string
}

/** The local Discord and the providers, in another process that answers over HTTP. */
export interface ChaosSandbox extends z.infer<typeof Addresses> {
  billedJobs(): Promise<BilledJob[]>
  failedCreates(): Promise<FailedCreate[]>
  /** Runs a command and returns the interaction's id; undefined while no bot can receive it. */
  run(member: number, line: CommandLine): Promise<string | undefined>
  /** Presses a button of a message; false if there is none, or no bot that can receive it. */
  press(member: number, messageId: string, button: string): Promise<boolean>
  deleteMessage(id: string): Promise<void>
  stop(): Promise<void>
}

export async function startSandbox(start: { seed: number; providerSpeed: number; discordFaults: boolean }): Promise<ChaosSandbox> {
  const child = fork(fileURLToPath(new URL('./sandbox-process.ts', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send(start)
  const [answer] = (await once(child, 'message')) as unknown[]
  const addresses = Addresses.parse(answer)
  const { control, providers } = addresses
  return {
    ...addresses,
    billedJobs: async () => z.array(BilledJob).parse(await getJson(`${control}/jobs`)),
    failedCreates: async () => {
      const lists = await Promise.all(
        Object.values(providers).map(async ({ origins }) =>
          Requests.parse(await getJson(`${Object.values(origins)[0] ?? ''}/sandbox/requests`)),
        ),
      )
      return lists
        .flat()
        .filter(({ route, status }) => route === 'create' && (status === undefined || status >= 400))
        .map(({ status, body }) => ({
          outcome: status === undefined || status >= 500 ? 'lost' : 'refused',
          body: JSON.stringify({ body }),
        }))
    },
    run: async (member, line) => Started.parse(await postJson(`${control}/members/${member}/run`, line)).interactionId ?? undefined,
    press: async (member, messageId, button) =>
      Pressed.parse(await postJson(`${control}/members/${member}/press`, { messageId, button })).pressed,
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

async function postJson(url: string, content: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) })
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`)
  return response.json()
}
