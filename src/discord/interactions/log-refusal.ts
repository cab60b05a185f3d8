import { formatUsd } from '../../domain/money.ts'
import type { Refusal, RefusalIdentifier } from '../../domain/refusal.ts'
import type { Log } from '../../lib/log.ts'

import type { Answerable } from './answerable.ts'

/** One line for each refusal; of those that were one too many, the admission logs how many there were. */
export function logRefusal<Identifier extends RefusalIdentifier>(
  refusal: Refusal<Identifier>,
  { id: interaction, guildId: guild }: Answerable,
  log: Log,
): void {
  const { identifier: reason } = refusal
  if (isExhausted(refusal)) {
    const [{ wallet, period, price, remaining }] = refusal.details
    const sums = { price: formatUsd(price), remaining: formatUsd(remaining) }
    log.warn({ interaction, guild, wallet: wallet === 'guild' ? 'server' : wallet, period, ...sums, reason }, 'budget exhausted')
  } else if (reason !== 'busy') log.info({ interaction, guild, reason }, 'refused')
}

function isExhausted(refusal: { identifier: RefusalIdentifier }): refusal is Refusal<'budget-exhausted'> {
  return refusal.identifier === 'budget-exhausted'
}
