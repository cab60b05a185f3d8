import { describe, expect, it } from 'vitest'

import type { Contents } from '../shared/store.ts'
import { compareMoney } from './money.ts'

const price = 350_000
const periods = { guildId: 'here', day: 'd', month: 'm', installationDay: 'D', installationMonth: 'M', createdAt: 1 }
const generation = {
  id: 'g',
  state: 'cancelled',
  interactionId: 'i',
  owner: null,
  provider: 'replicate',
  price,
  reference: 'r',
  endReason: null,
}

/** One request with ledger rows of these kinds, its invoice, and wallets in which each scope has spent and reserved this. */
function compare(kinds: string, invoiced: number, [installation, guild]: [[number, number], [number, number]]) {
  const wallet = (scope: string, ownerId: string, period: string, periodKey: string) => {
    const [spent, reserved] = scope === 'guild' ? guild : installation
    return { scope, ownerId, period, periodKey, spent, reserved }
  }
  const contents: Contents = {
    generations: [generation],
    attempts: [],
    wallets: [
      wallet('installation', '', 'day', 'D'),
      wallet('installation', '', 'month', 'M'),
      wallet('guild', 'here', 'day', 'd'),
      wallet('guild', 'here', 'month', 'm'),
    ],
    ledger: kinds
      .split(' ')
      .map((kind) => ({ generationId: 'g', kind, amount: kind.startsWith('correction') ? -70_000 : price, ...periods })),
    owners: [],
  }
  const job = { provider: 'replicate', jobId: 'j', prompt: 'a boat', createdAt: 1, finishedAt: 2, amountMicroUsd: invoiced, fault: null }
  return compareMoney([{ mark: 'clip-0.', generation, isHeld: false, billedJobs: [job] }], contents)
}

const nothing: [number, number] = [0, 0]
const paid: [number, number] = [price, 0]

describe('the comparison of the money', () => {
  it.each([0, price])('takes an assumed price for right where the invoice says %i', (invoiced) => {
    expect(compare('reserve assumed release-guild', invoiced, [paid, nothing])).toEqual({ difference: 0, problems: [] })
  })

  it('does not take it for right where the invoice says another sum', () => {
    expect(compare('reserve assumed release-guild', 100_000, [paid, nothing])).toMatchObject({ difference: 250_000 })
  })

  it.each<[string, number, [[number, number], [number, number]]]>([
    [
      'reserve hold release-guild',
      0,
      [
        [0, price],
        [0, 0],
      ],
    ],
    ['reserve hold release-guild capture-installation', price, [paid, nothing]],
    ['reserve hold release-guild release-installation', 0, [nothing, nothing]],
    ['reserve capture correction-installation', 280_000, [[280_000, 0], paid]],
    ['reserve capture correction-guild', price, [paid, [280_000, 0]]],
  ])('knows what %s does to the wallets', (kinds, invoiced, wallets) => {
    expect(compare(kinds, invoiced, wallets)).toEqual({ difference: 0, problems: [] })
    const [installation, guild] = wallets
    expect(compare(kinds, invoiced, [installation, [guild[0] + price, guild[1]]]).problems).toHaveLength(2)
    expect(compare(kinds, invoiced, [[installation[0], installation[1] + price], guild]).problems).toHaveLength(2)
  })

  it('does not pass a kind that it does not know', () => {
    expect(() => compare('reserve gift', 0, [nothing, nothing])).toThrow('gift')
  })
})
