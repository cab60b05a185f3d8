import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { z } from 'zod'

import type { StandIn } from './providers/stand-in/stand-in.ts'
import type { StandIns } from './providers/stand-ins.ts'

const Invoice = z.object({ totalMicroUsd: z.number().int(), lines: z.array(z.unknown()) })
const Assumed = z.object({ assumed: z.number().int() })
const Wallet = z.object({ scope: z.string(), period: z.string(), spent: z.number().int(), reserved: z.number().int() })

/** Amounts are in micro-dollars. */
export interface Reconciliation {
  /** Spent, according to the bot's wallets. */
  spent: number
  /** Still reserved in the bot's wallets. */
  reserved: number
  /** Billed, according to the providers' invoices. */
  invoiced: number
  /** Of what is spent: booked for jobs of which the provider does not say whether they were billed, so that it may be more than the invoices say. */
  assumed: number
  /** Whether the invoices say what is spent, except for what is assumed. */
  equal: boolean
  /** Wallets and invoices as a table to print. */
  table: string
}

/** Compares the bot's wallets, read from its database file, with the providers' invoices, read over HTTP. */
export async function reconcile({ providers, dataFolder }: { providers: StandIns; dataFolder: string }): Promise<Reconciliation> {
  const invoices = await Promise.all(providers.all.map(readInvoice))
  const { wallets, assumed } = readStore(join(dataFolder, 'rushes.db'))
  const daily = wallets.filter(({ scope, period }) => scope === 'installation' && period === 'day')
  const spent = sum(daily.map((wallet) => wallet.spent))
  const reserved = sum(daily.map((wallet) => wallet.reserved))
  const invoiced = sum(invoices.map(({ totalMicroUsd }) => totalMicroUsd))
  const equal = invoiced <= spent && invoiced >= spent - assumed && reserved === 0
  const rows = [
    ...wallets.map((wallet) => [
      `wallet ${wallet.scope}, ${wallet.period}`,
      `${usd(wallet.spent)} spent, ${usd(wallet.reserved)} reserved`,
    ]),
    ...invoices.map(({ provider, totalMicroUsd, jobs }) => [`invoice ${provider}`, `${usd(totalMicroUsd)} for ${jobs} jobs`]),
    ...(assumed > 0 ? [['assumed, as the provider does not say', usd(assumed)]] : []),
    ['wallets and invoices', equal ? 'agree' : 'DIFFER'],
  ]
  const width = Math.max(...rows.map(([name = '']) => name.length))
  return {
    spent,
    reserved,
    invoiced,
    assumed,
    equal,
    table: rows.map(([name = '', value]) => `${name.padEnd(width)}  ${value}`).join('\n'),
  }
}

async function readInvoice({ id, origins }: StandIn): Promise<{ provider: string; totalMicroUsd: number; jobs: number }> {
  const response = await fetch(`${Object.values(origins)[0] ?? ''}/sandbox/invoice`)
  const { totalMicroUsd, lines } = Invoice.parse(await response.json())
  return { provider: id, totalMicroUsd, jobs: lines.length }
}

function readStore(file: string): { wallets: z.infer<typeof Wallet>[]; assumed: number } {
  const database = new SQLite(file, { readonly: true })
  try {
    const wallets = database.prepare('select scope, period, spent, reserved from wallets order by scope desc, period').all()
    const corrected = "select generation_id from ledger where kind = 'correction-installation'"
    const sum = `select coalesce(sum(amount), 0) as assumed from ledger where kind = 'assumed' and generation_id not in (${corrected})`
    return { wallets: z.array(Wallet).parse(wallets), ...Assumed.parse(database.prepare(sum).get()) }
  } finally {
    database.close()
  }
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}

function usd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`
}
