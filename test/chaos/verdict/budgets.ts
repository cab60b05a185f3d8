import type { LedgerRow } from '../shared/store.ts'
import { effectOf } from './money.ts'
import type { EndedRequest, Evidence, Problem } from './evidence.ts'

/** The ledger's times are those before the transaction, and the member's view is a little later than the bot's. */
const toleranceMs = 2000

/** What a guild has reserved and spent in a day, after one of its ledger rows. */
interface Commitment {
  guildId: string
  day: string
  at: number
  amount: number
}

/** Guilds that have ever reserved and spent more than their daily budget. */
export function problemsOfBudgets({ contents, guildBudgets }: Evidence): Problem[] {
  const over = commitments(contents.ledger).filter(({ guildId, amount }) => amount > (guildBudgets.get(guildId) ?? Infinity))
  const guilds = new Set(over.map(({ guildId }) => guildId))
  return [...guilds].map((guildId) => `server ${guildId} has overdrawn its daily budget of ${guildBudgets.get(guildId)}`)
}

/** Was there too little left in the guild's daily budget at some moment between the request and its refusal? */
export function isBudgetExhausted(
  { guildId, madeAt, duration }: Pick<EndedRequest, 'guildId' | 'madeAt' | 'duration'>,
  refusal: { at: number },
  { contents, guildBudgets, prices }: Evidence,
): boolean {
  const budget = guildBudgets.get(guildId) ?? Infinity
  const [from, to] = [madeAt - toleranceMs, refusal.at + toleranceMs]
  const own = commitments(contents.ledger).filter((commitment) => commitment.guildId === guildId && commitment.at <= to)
  // The last one before the request still holds when it is made.
  const lasting = own.findLastIndex(({ at }) => at <= from)
  return own.slice(Math.max(0, lasting)).some(({ amount }) => amount + prices[duration] > budget)
}

function commitments(ledger: readonly LedgerRow[]): Commitment[] {
  const amounts = new Map<string, number>()
  return ledger.map((row) => {
    const { guildId, day, createdAt: at } = row
    const { spent, reserved } = effectOf(row).guild
    const amount = (amounts.get(`${guildId} ${day}`) ?? 0) + spent + reserved
    amounts.set(`${guildId} ${day}`, amount)
    return { guildId, day, at, amount }
  })
}
