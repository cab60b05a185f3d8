import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../src/domain/provider-error.ts'
import { type WebhookDelivery, type WebhookEvent, WebhookRejected } from '../../src/providers/provider.ts'
import type { ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import type { ProviderStage } from './provider-stand-in.ts'

const at = 1_760_000_000_000

/** Of a webhook, only the sender and the job are trusted. */
export function describeWebhooks(stage: ProviderStage): void {
  describe('a webhook', () => {
    type Delivery = Partial<Omit<WebhookDelivery, 'rawBody'>> & { body?: string; id?: string }

    const firstBody = () => JSON.stringify(stage.standIn.webhook.bodies(stage.standIn.operation.id)[0])
    const headersOf = ({ body = firstBody(), id = 'delivery-1' }: Delivery = {}) => stage.standIn.webhook.headers(body, { id, at })
    const deliver = (delivery: Delivery = {}): Promise<WebhookEvent> => {
      const { body = firstBody(), now = at, signal = new AbortController().signal, headers = headersOf(delivery) } = delivery
      const verify = stage.provider.verifyWebhook?.bind(stage.provider) ?? expect.unreachable('webhooks cannot be read')
      return verify({ headers, rawBody: Buffer.from(body), now, signal })
    }
    const rejectionOf = async (verified: Promise<unknown>) => {
      const error = await verified.then(
        () => expect.unreachable('the delivery was accepted'),
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(WebhookRejected)
      expect(String(error)).not.toMatch(/secret/)
    }
    const isSigned = () => stage.standIn.webhook.keys !== undefined
    const keysAt = (answer?: ScriptedAnswer) => stage.standIn.webhook.keys?.(answer)
    const keyRequests = () => stage.server.to(stage.standIn.webhook.keyRoute ?? '').length

    it('names the job it is about, and nothing else', async () => {
      keysAt()
      for (const body of stage.standIn.webhook.bodies(stage.standIn.operation.id)) {
        const event = await deliver({ body: JSON.stringify(body) })
        expect(Object.keys(event).sort()).toEqual(['deliveryId', 'operation'])
        expect(event.operation.id).toBe(stage.standIn.operation.id)
        expect(event.deliveryId).not.toBe('')
      }
    })

    it('returns a job that its provider can be polled for', async () => {
      keysAt()
      const { operation } = await deliver()
      stage.standIn.job('pending')
      const { signal } = new AbortController()
      expect(await stage.provider.status(operation, { signal })).toMatchObject({ state: 'pending' })
      expect(JSON.parse(JSON.stringify(operation))).toEqual(operation)
    })

    it('that is repeated has the same delivery id', async () => {
      keysAt()
      const first = await deliver()
      const webhook = stage.standIn.webhook
      const again = await deliver({ headers: webhook.headers(firstBody(), { id: 'delivery-1', at: at + 60_000 }), now: at + 60_000 })
      expect(again).toEqual(first)
    })

    it('for another job names that job', async () => {
      keysAt()
      const { otherId, bodies } = stage.standIn.webhook
      const body = JSON.stringify(bodies(otherId)[0])
      const event = await deliver({ body, headers: stage.standIn.webhook.headers(body, { id: 'delivery-2', at }) })
      expect(event.operation.id).toBe(otherId)
      expect(event.deliveryId).not.toBe((await deliver()).deliveryId)
    })

    it.each(['', 'null', '{}', '[]', '7', '"secret"', '<html>secret</html>', '{"id":"secret'])(
      'with the body %j is refused',
      async (body) => {
        keysAt()
        await rejectionOf(deliver({ body }))
      },
    )

    it('that is forged is refused', async () => {
      const { forged } = stage.standIn.webhook
      if (!forged) return
      keysAt()
      await rejectionOf(deliver({ headers: forged(firstBody(), { id: 'delivery-1', at }) }))
      await rejectionOf(deliver({ headers: Object.fromEntries(Object.entries(headersOf()).map(([name]) => [name, 'secret'])) }))
    })

    it('is refused when one byte or one header was changed', async () => {
      if (!isSigned()) return
      keysAt()
      const headers = headersOf()
      await rejectionOf(deliver({ body: `${firstBody()} `, headers }))
      for (const [name, value] of Object.entries(headers)) {
        const last = value.at(-1) ?? ''
        const changed = value.replace(/.$/, last === '0' ? '1' : '0')
        // The account is signed too; only the signature's own last character may mean the same in base64.
        if (!/signature/.test(name)) await rejectionOf(deliver({ headers: { ...headers, [name]: changed } }))
        await rejectionOf(deliver({ headers: { ...headers, [name]: undefined } }))
        await rejectionOf(deliver({ headers: { ...headers, [name]: '' } }))
        await rejectionOf(deliver({ headers: { ...headers, [name]: value.slice(0, -5) } }))
      }
      await rejectionOf(deliver({ headers: {} }))
      expect(await deliver({ headers })).toBeDefined()
    })

    it('is accepted for five minutes either way, and no longer', async () => {
      if (!isSigned()) return
      keysAt()
      for (const apart of [-300_000, 300_000]) {
        expect(await deliver({ now: at + apart })).toBeDefined()
        await rejectionOf(deliver({ now: at + apart + Math.sign(apart) * 1000 }))
      }
    })

    it('is verified with keys that are fetched once', async () => {
      if (!isSigned()) return
      keysAt()
      await Promise.all([deliver(), deliver(), deliver()])
      await deliver()
      expect(keyRequests()).toBe(1)
    })

    it('that fits no key causes one refresh of the keys, at most once a minute', async () => {
      const { forged, headers } = stage.standIn.webhook
      if (!isSigned() || !forged) return
      keysAt()
      await deliver()
      const later = (after: number) => ({ headers: forged(firstBody(), { id: 'delivery-1', at: at + after }), now: at + after })
      await rejectionOf(deliver(later(1000)))
      expect(keyRequests()).toBe(1)
      await rejectionOf(deliver(later(61_000)))
      expect(keyRequests()).toBe(2)
      for (let more = 0; more < 5; more++) await rejectionOf(deliver(later(62_000 + more)))
      expect(keyRequests()).toBe(2)
      expect(await deliver({ headers: headers(firstBody(), { id: 'delivery-1', at: at + 63_000 }), now: at + 63_000 })).toBeDefined()
    })

    it('is verified with keys that are at most a day old', async () => {
      if (!isSigned()) return
      keysAt()
      await deliver()
      const now = at + 24 * 60 * 60_000
      expect(await deliver({ headers: stage.standIn.webhook.headers(firstBody(), { id: 'delivery-1', at: now }), now })).toBeDefined()
      expect(keyRequests()).toBe(2)
    })

    const withoutKeys: [string, ScriptedAnswer][] = [
      ['500', { status: 500 }],
      ['HTML', { text: '<html>secret</html>' }],
      ['401', { status: 401, json: {} }],
      ['another shape', { json: { secret: 1 } }],
      ['a reset', { fault: 'reset' }],
    ]
    it.each(withoutKeys)('whose keys cannot be fetched (%s) is neither good nor bad', async (_, answer) => {
      if (!isSigned()) return
      keysAt(answer)
      await expect(deliver()).rejects.toBeInstanceOf(ProviderError)
      const asked = keyRequests()
      await expect(deliver({ now: at + 1000 })).rejects.toBeInstanceOf(ProviderError)
      expect(keyRequests()).toBe(asked)
      keysAt()
      const now = at + 6000
      expect(await deliver({ now })).toBeDefined()
    })

    it('is aborted on request', async () => {
      if (!isSigned()) return
      keysAt({ fault: 'hang' })
      const controller = new AbortController()
      const reason = new Error('shutting down')
      const delivered = deliver({ signal: controller.signal })
      controller.abort(reason)
      await expect(delivered).rejects.toBe(reason)
    })
  })
}
