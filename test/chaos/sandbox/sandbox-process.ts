import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { startStandIns } from '../../../sandbox/providers/stand-ins.ts'
import { createRandom } from '../shared/random.ts'
import { listBilledJobs, wallTimesOf } from './billed-jobs.ts'
import { addDiscordFaults } from './discord-faults.ts'
import { createPeople, type People } from './people.ts'
import { openSlowProxy } from './slow-proxy.ts'

/** A local Discord and the five providers in a process of their own, which no kill of a bot touches. Exits when its parent disconnects. */
const Start = z.object({ seed: z.number(), providerSpeed: z.number(), discordFaults: z.boolean() })

const Run = z.object({
  command: z.string(),
  options: z.record(z.string(), z.union([z.string(), z.number()])),
  images: z.record(z.string(), z.number()),
})
const Press = z.object({ messageId: z.string(), button: z.string() })

/** Every prompt has its own mark, which the clip does not show: one clip is rendered once and served to all. */
const sharedPrompt = 'a paper boat'

async function startSandbox({ seed, providerSpeed, discordFaults }: z.infer<typeof Start>) {
  const renderer = new ClipRenderer({ height: 96 })
  // A long run kills more bots in a day than Discord lets sign in.
  const gateway = { sessionStarts: 1_000_000 }
  const discord = await startLocalDiscord({ rateLimit: { limit: 500, windowMs: 1000 }, gateway })
  // The run is not about Discord's three seconds, which a busy machine exceeds.
  discord.clock.freeze()
  const providers = await startStandIns({
    clips: { render: (order) => renderer.render({ ...order, prompt: sharedPrompt }) },
    speed: providerSpeed,
    seed: `chaos ${seed}`,
    keepOutputs: true,
    unlimited: true,
  })
  if (discordFaults) addDiscordFaults(discord.faults, createRandom(seed + 1))
  const late = createRandom(seed + 3)
  const { fal, replicate, wavespeed, runware, eachlabs } = providers
  const slowOrigins = {
    fal: await openSlowProxy(fal.origins.queue, late),
    replicate: await openSlowProxy(replicate.origins.api, late),
    wavespeed: await openSlowProxy(wavespeed.origins.api, late),
    runware: await openSlowProxy(runware.origins.api, late),
    eachlabs: await openSlowProxy(eachlabs.origins.api, late),
  }
  const people = await createPeople(discord)
  const app = membersApi(people)
  app.get('/jobs', (call) => {
    const wallTimeOf = wallTimesOf(providers.clock)
    return call.json(providers.all.flatMap((provider) => listBilledJobs(provider, wallTimeOf)))
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  return {
    control: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    discord: { origin: discord.origin, api: discord.apiUrl, cdn: discord.cdnOrigin, token: discord.botToken },
    guilds: people.guilds,
    memberGuilds: people.memberGuilds,
    slowOrigins,
    providers: Object.fromEntries(providers.all.map(({ id, origins, apiKey }) => [id, { origins, apiKey }])),
  }
}

/** What members do, over HTTP. */
function membersApi(people: People): Hono {
  const app = new Hono()
  app.post('/members/:number/run', async (call) => {
    const id = await people.run(Number(call.req.param('number')), Run.parse(await call.req.json()))
    return call.json({ interactionId: id ?? null })
  })
  app.post('/members/:number/press', async (call) => {
    const { messageId, button } = Press.parse(await call.req.json())
    return call.json({ pressed: await people.press(Number(call.req.param('number')), messageId, button) })
  })
  app.delete('/messages/:id', (call) => {
    people.deleteMessage(call.req.param('id'))
    return call.body(null, 204)
  })
  return app
}

process.once('message', (start) => {
  startSandbox(Start.parse(start)).then(
    (addresses) => process.send?.(addresses),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit(0))
