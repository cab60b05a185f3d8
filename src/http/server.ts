import { once } from 'node:events'
import type { Server } from 'node:http'

import { serve } from '@hono/node-server'
import { Hono } from 'hono'

import type { Log } from '../lib/log.ts'
import { addWebhooks, type WebhookContext } from './webhooks.ts'

export interface HttpServer {
  /** Accepts nothing more and lets answers under way finish. */
  close(): Promise<void>
}

const closePatienceMs = 1000

/** What the bot offers to the outside over HTTP. Resolves once it listens; rejects if the port is taken. */
export async function startHttpServer({
  port,
  log,
  ...context
}: { port: number; log: Log } & Omit<WebhookContext, 'log'>): Promise<HttpServer> {
  const app = new Hono()
  addWebhooks(app, { ...context, log })
  app.notFound((call) => call.body(null, 404))
  app.onError((error, call) => {
    log.error({ error }, 'a request to the bot failed')
    return call.body(null, 500)
  })
  const server = serve({ fetch: app.fetch, port }) as Server
  await once(server, 'listening')
  return {
    close: async () => {
      server.close()
      server.closeIdleConnections()
      // Answers are given at once; whoever is still sending after a moment must not keep the store open.
      const patience = setTimeout(() => server.closeAllConnections(), closePatienceMs)
      await once(server, 'close')
      clearTimeout(patience)
    },
  }
}
