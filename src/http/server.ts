import { once } from 'node:events'
import type { Server } from 'node:http'

import type { Config } from '../config/config.ts'
import type { WebhookContext } from './webhooks.ts'

const closeWithinMs = 1000

/**
 * Serves the providers' webhooks. Resolves once the server listens, and with undefined where none is configured; rejects if the port is taken.
 * `close` accepts no more requests and lets responses in progress finish.
 */
export async function startHttpServer(context: WebhookContext & { config: Pick<Config, 'role' | 'publicServer'> }) {
  const { config, log } = context
  if (config.role === 'worker' || !config.publicServer) return undefined
  // Loaded where it is needed: most bots have no public address.
  const [{ serve }, { Hono }, { addWebhooks }] = await Promise.all([import('@hono/node-server'), import('hono'), import('./webhooks.ts')])
  const app = new Hono()
  addWebhooks(app, context)
  app.notFound((call) => call.body(null, 404))
  app.onError((error, call) => {
    log.error({ error }, 'HTTP request failed')
    return call.body(null, 500)
  })
  const server = serve({ fetch: app.fetch, port: config.publicServer.port }) as Server
  await once(server, 'listening')
  return {
    close: async () => {
      server.close()
      server.closeIdleConnections()
      // Responses are immediate; a client that is still sending must not keep the database open.
      const deadline = setTimeout(() => server.closeAllConnections(), closeWithinMs)
      await once(server, 'close')
      clearTimeout(deadline)
    },
  }
}
