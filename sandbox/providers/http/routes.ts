import { Hono, type MiddlewareHandler } from 'hono'
import type { Invoice } from '../jobs/invoice.ts'
import { FaultOrder, type RouteName } from '../simulation/faults.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'
import { type Call, type CallContext, type CallEnvironment, receiveCall, unknownCall } from './call.ts'

export interface RoutesContext extends CallContext {
  invoice: Invoice
  webhooks: Webhooks
  /** The response to an unknown path. */
  notFound: (call: Call) => Response
}

export interface Routes {
  app: Hono<CallEnvironment>
  /** The middleware of each of the provider's routes. */
  on: (route: RouteName | ((call: Call) => Promise<RouteName>), options?: { needsKey: boolean }) => MiddlewareHandler<CallEnvironment>
}

/** Creates the routes of one origin. Those under `/sandbox/` control the stand-in: they need no key and are not logged. */
export function createRoutes(context: RoutesContext): Routes {
  const { invoice, faults, requests, webhooks, notFound } = context
  const app = new Hono<CallEnvironment>()
  app.get('/sandbox/invoice', (call) => call.json(invoice.sheet()))
  app.get('/sandbox/requests', (call) => call.json(requests.list()))
  app.get('/sandbox/webhooks', (call) => call.json(webhooks.list()))
  app.post('/sandbox/faults', async (call) => {
    const order = FaultOrder.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) return call.json({ problems: order.error.issues.map(({ path, message }) => ({ path, message })) }, 400)
    faults.add(order.data)
    return call.body(null, 204)
  })
  app.delete('/sandbox/faults', (call) => {
    faults.clear()
    return call.body(null, 204)
  })
  app.notFound(unknownCall(context, notFound))
  return {
    app,
    on: (route, { needsKey } = { needsKey: true }) => receiveCall(route, needsKey ? context : { ...context, authorization: undefined }),
  }
}
