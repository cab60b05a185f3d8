import type { Hono } from 'hono'
import type { CallEnvironment } from './call.ts'
import { FaultOrder, type Faults } from '../simulation/faults.ts'
import type { Invoice } from '../jobs/invoice.ts'
import type { RequestLog } from './request-log.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

/** What only a sandbox has: `/sandbox/…` at every origin of a provider, without a key and without a trace in the request log. */
export function addControl(
  app: Hono<CallEnvironment>,
  { invoice, faults, requests, webhooks }: { invoice: Invoice; faults: Faults; requests: RequestLog; webhooks: Webhooks },
): void {
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
}
