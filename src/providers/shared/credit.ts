import { z } from 'zod'

import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import type { Provider } from '../provider.ts'

/** A balance in dollars; undefined where it is missing or unreadable, which proves nothing. */
export const Dollars = z.number().nullish().catch(undefined)

/** @throws {ProviderError} `no_credit` where the balance is known and does not pay for the shortest clip */
export function assertCredit({ id, price }: Pick<Provider, 'id' | 'price'>, dollars: number | null | undefined): void {
  if (dollars === null || dollars === undefined) return
  if (Math.round(dollars * MICRO_USD_PER_USD) < price({ prompt: '', durationSeconds: 5 }))
    throw new ProviderError({ provider: id, kind: 'no_credit' })
}
