import type { BilledJob } from '../sandbox/billed-jobs.ts'
import type { Contents, LedgerRow } from '../shared/store.ts'

/** A request as far as money is concerned: its generation, if it was accepted, and its jobs at the providers. */
export interface PaidRequest {
  mark: string
  generation: Contents['generations'][number] | undefined
  /** It is not known yet whether it was billed. */
  isHeld: boolean
  billedJobs: readonly BilledJob[]
}

/** Kinds of a generation's ledger rows in their order, for instance `reserve capture`. */
export function ledgerKindsOf({ ledger }: Contents, generationId: string): string {
  return rowsOf(ledger, generationId)
    .map(({ kind }) => kind)
    .join(' ')
}

/**
 * Compares each request's ledger rows with its jobs on the invoices, and the wallets with the ledger. `difference` is the sum of absolute differences, so
 * that two errors never cancel out.
 */
export function compareMoney(requests: readonly PaidRequest[], contents: Contents): { difference: number; problems: string[] } {
  const problems: string[] = []
  let difference = 0
  for (const { mark, generation, isHeld, billedJobs } of requests) {
    const rows = generation ? rowsOf(contents.ledger, generation.id) : []
    const booked = rows.filter(({ kind }) => kind === 'capture' || kind === 'difference').reduce((sum, { amount }) => sum + amount, 0)
    const invoiced = billedJobs.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0)
    if (!isHeld && booked !== invoiced) {
      difference += Math.abs(booked - invoiced)
      problems.push(`${mark} was invoiced at ${invoiced}, but the ledger says ${booked}`)
    }
    for (const { kind, amount } of rows) {
      if (kind !== 'difference' && amount !== generation?.price)
        problems.push(`${mark} costs ${generation?.price}, but its ${kind} says ${amount}`)
    }
  }
  return { difference, problems: [...problems, ...compareWallets(contents)] }
}

interface Balance {
  spent: number
  reserved: number
}

function compareWallets({ wallets, ledger }: Contents): string[] {
  const expected = new Map<string, Balance>()
  for (const row of ledger) {
    const { spent, reserved } = effectOf(row)
    for (const name of walletsOf(row)) {
      const balance = expected.get(name) ?? { spent: 0, reserved: 0 }
      const isGuild = name.startsWith('guild')
      expected.set(name, { spent: balance.spent + (isGuild ? spent.guild : spent.installation), reserved: balance.reserved + reserved })
    }
  }
  const found = new Map(wallets.map((wallet) => [nameOf(wallet), wallet]))
  const nothing = { spent: 0, reserved: 0 }
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((name) => {
    const [actual, expectedBalance] = [found.get(name) ?? nothing, expected.get(name) ?? nothing]
    if (actual.spent === expectedBalance.spent && actual.reserved === expectedBalance.reserved) return []
    return [`the wallet ${name} has ${describe(actual)}, but the ledger adds up to ${describe(expectedBalance)}`]
  })
}

/** What a row does to the wallets: a refund is the guild's alone, a difference the installation's. */
function effectOf({ kind, amount }: LedgerRow): { spent: { guild: number; installation: number }; reserved: number } {
  const none = { guild: 0, installation: 0 }
  switch (kind) {
    case 'reserve':
      return { spent: none, reserved: amount }
    case 'capture':
      return { spent: { guild: amount, installation: amount }, reserved: -amount }
    case 'release':
      return { spent: none, reserved: -amount }
    case 'refund':
      return { spent: { guild: -amount, installation: 0 }, reserved: 0 }
    case 'difference':
      return { spent: { guild: 0, installation: amount }, reserved: 0 }
    default:
      return { spent: none, reserved: 0 }
  }
}

function walletsOf({ guildId: ownerId, day, month, installationDay, installationMonth }: LedgerRow): string[] {
  return [
    { scope: 'installation', ownerId: '', period: 'day', periodKey: installationDay },
    { scope: 'installation', ownerId: '', period: 'month', periodKey: installationMonth },
    { scope: 'guild', ownerId, period: 'day', periodKey: day },
    { scope: 'guild', ownerId, period: 'month', periodKey: month },
  ].map(nameOf)
}

function nameOf({ scope, ownerId, period, periodKey }: Omit<Contents['wallets'][number], keyof Balance>): string {
  return [scope, ownerId, period, periodKey].filter(Boolean).join(' ')
}

function describe({ spent, reserved }: Balance): string {
  return `${spent} spent and ${reserved} reserved`
}

function rowsOf(ledger: readonly LedgerRow[], id: string): LedgerRow[] {
  return ledger.filter(({ generationId }) => generationId === id)
}
