import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

import { ClipRenderer } from '../../sandbox/clips/clip-renderer.ts'
import { startLocalDiscord } from '../../sandbox/discord/local-discord.ts'
import { startStandIns } from '../../sandbox/providers/stand-ins.ts'
import { createChance } from './chance.ts'
import { itemise, wallTimesOf } from './orders.ts'
import { showsClip } from './shown-clip.ts'
import { openSlowWay } from './slow-way.ts'
import { makeWeather } from './weather.ts'

/** A Discord and the five providers in a process of their own, which no kill of a bot touches. Ends when whoever started it lets go. */
const Start = z.object({ seed: z.number(), providerSpeed: z.number() })

/** Every clip has its own mark, and an image that does not show it: rendered once, served to all. */
const sameForAll = 'a paper boat'

async function startWorld({ seed, providerSpeed }: z.infer<typeof Start>) {
  const renderer = new ClipRenderer({ height: 96 })
  const discord = await startLocalDiscord({ rateLimit: { limit: 500, windowMs: 1000 } })
  const providers = await startStandIns({
    clips: { render: (order) => renderer.render({ ...order, prompt: sameForAll }) },
    speed: providerSpeed,
    seed: `chaos ${seed}`,
  })
  makeWeather(discord.faults, createChance(seed + 1))
  const late = createChance(seed + 3)
  const { fal, replicate, wavespeed, runware, eachlabs } = providers
  const ways = {
    fal: await openSlowWay(fal.origins.queue, late),
    replicate: await openSlowWay(replicate.origins.api, late),
    wavespeed: await openSlowWay(wavespeed.origins.api, late),
    runware: await openSlowWay(runware.origins.api, late),
    eachlabs: await openSlowWay(eachlabs.origins.api, late),
  }

  const app = new Hono()
  app.get('/orders', (call) => {
    const wallTimeOf = wallTimesOf(providers.clock)
    return call.json(providers.all.flatMap((provider) => itemise(provider, wallTimeOf)))
  })
  app.delete('/messages/:id', (call) => {
    // Whoever wants to delete it may come too late; a member who has the clip keeps it.
    const message = discord.guild.channel.messages().find(({ id }) => id === call.req.param('id'))
    if (message && !showsClip(message.components)) discord.deleteMessage(message.id)
    return call.body(null, 204)
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  return {
    control: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    discord: {
      origin: discord.origin,
      api: discord.apiUrl,
      cdn: discord.cdnOrigin,
      token: discord.botToken,
      channel: discord.guild.channel.id,
    },
    ways,
    providers: Object.fromEntries(providers.all.map(({ id, origins, apiKey }) => [id, { origins, apiKey }])),
  }
}

process.once('message', (start) => {
  startWorld(Start.parse(start)).then(
    (addresses) => process.send?.(addresses),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
// Its starter is gone, by whatever way: nobody will ask any more.
process.once('disconnect', () => process.exit(0))
