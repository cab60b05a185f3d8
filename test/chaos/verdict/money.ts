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
    const booked = rows.reduce((sum, row) => sum + effectOf(row).installation.spent, 0)
    const invoiced = billedJobs.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0)
    // The provider never says whether it billed this: nothing on the invoice is as right as the price.
    const isAssumed = invoiced === 0 && rows.some(({ kind }) => kind === 'assumed')
    if (!isHeld && !isAssumed && booked !== invoiced) {
      difference += Math.abs(booked - invoiced)
      problems.push(`${mark} was invoiced at ${invoiced}, but the ledger says ${booked}`)
    }
    for (const { kind, amount } of rows) {
      if (!freeAmounts.has(kind) && amount !== generation?.price)
        problems.push(`${mark} costs ${generation?.price}, but its ${kind} says ${amount}`)
    }
  }
  return { difference, problems: [...problems, ...compareWallets(contents)] }
}

/** Rows of other amounts than the price. */
const freeAmounts = new Set(['difference', 'correction-guild', 'correction-installation'])

interface Balance {
  spent: number
  reserved: number
}

function compareWallets({ wallets, ledger }: Contents): string[] {
  const expected = new Map<string, Balance>()
  for (const row of ledger) {
    const effect = effectOf(row)
    for (const [name, scope] of walletsOf(row)) {
      const { spent, reserved } = expected.get(name) ?? nothing
      expected.set(name, { spent: spent + effect[scope].spent, reserved: reserved + effect[scope].reserved })
    }
  }
  const found = new Map(wallets.map((wallet) => [nameOf(wallet), wallet]))
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((name) => {
    const [actual, expectedBalance] = [found.get(name) ?? nothing, expected.get(name) ?? nothing]
    if (actual.spent === expectedBalance.spent && actual.reserved === expectedBalance.reserved) return []
    return [`the wallet ${name} has ${describe(actual)}, but the ledger adds up to ${describe(expectedBalance)}`]
  })
}

type Scope = 'guild' | 'installation'
const nothing: Balance = { spent: 0, reserved: 0 }

/** What a row does to the wallets of each scope. */
export function effectOf({ kind, amount }: LedgerRow): Record<Scope, Balance> {
  const reserving = { spent: 0, reserved: amount }
  const releasing = { spent: 0, reserved: -amount }
  const capturing = { spent: amount, reserved: -amount }
  const spending = { spent: amount, reserved: 0 }
  const effects: Record<string, Record<Scope, Balance>> = {
    reserve: { guild: reserving, installation: reserving },
    hold: { guild: nothing, installation: nothing },
    capture: { guild: capturing, installation: capturing },
    'capture-installation': { guild: nothing, installation: capturing },
    assumed: { guild: nothing, installation: capturing },
    release: { guild: releasing, installation: releasing },
    'release-guild': { guild: releasing, installation: nothing },
    'release-installation': { guild: nothing, installation: releasing },
    refund: { guild: { spent: -amount, reserved: 0 }, installation: nothing },
    difference: { guild: nothing, installation: spending },
    'correction-guild': { guild: spending, installation: nothing },
    'correction-installation': { guild: nothing, installation: spending },
  }
  const effect = effects[kind]
  if (!effect) throw new Error(`the ledger has a row of an unknown kind: ${kind}`)
  return effect
}

function walletsOf({ guildId: ownerId, day, month, installationDay, installationMonth }: LedgerRow): [string, Scope][] {
  return [
    [nameOf({ scope: 'installation', ownerId: '', period: 'day', periodKey: installationDay }), 'installation'],
    [nameOf({ scope: 'installation', ownerId: '', period: 'month', periodKey: installationMonth }), 'installation'],
    [nameOf({ scope: 'guild', ownerId, period: 'day', periodKey: day }), 'guild'],
    [nameOf({ scope: 'guild', ownerId, period: 'month', periodKey: month }), 'guild'],
  ]
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
