import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { z } from 'zod'

import type { StandIn } from './providers/stand-in/stand-in.ts'
import type { StandIns } from './providers/stand-ins.ts'

const Sheet = z.object({
  totalMicroUsd: z.number().int(),
  lines: z.array(z.object({ jobId: z.string(), amountMicroUsd: z.number().int() })),
})
const Wallet = z.object({ scope: z.string(), period: z.string(), spent: z.number().int(), reserved: z.number().int() })

export interface Books {
  /** What the bot's wallets say was spent, in micro-dollars. */
  spent: number
  /** What is still set aside. */
  reserved: number
  /** What the providers' invoices say, in micro-dollars. */
  invoiced: number
  equal: boolean
  /** Both side by side, for people. */
  table: string
}

/** Lays the bot's wallets (read from its database file) beside the providers' invoices (read over HTTP). Neither knows of the other. */
export async function reconcile({ providers, dataFolder }: { providers: StandIns; dataFolder: string }): Promise<Books> {
  const invoices = await Promise.all(allProviders(providers).map(readInvoice))
  const invoiced = invoices.reduce((total, { totalMicroUsd }) => total + totalMicroUsd, 0)
  const wallets = readWallets(join(dataFolder, 'rushes.db'))
  const sums = wallets.filter(({ scope, period }) => scope === 'installation' && period === 'day')
  const spent = sums.reduce((total, wallet) => total + wallet.spent, 0)
  const reserved = sums.reduce((total, wallet) => total + wallet.reserved, 0)
  const equal = spent === invoiced && reserved === 0
  const rows: [string, string][] = [
    ...wallets.map((wallet): [string, string] => [
      `wallet ${wallet.scope}, ${wallet.period}`,
      `${usd(wallet.spent)} spent, ${usd(wallet.reserved)} set aside`,
    ]),
    ...invoices.map((invoice): [string, string] => [
      `invoice ${invoice.provider}`,
      `${usd(invoice.totalMicroUsd)} for ${invoice.lines} jobs`,
    ]),
    ['wallets and invoices', equal ? 'agree' : 'DIFFER'],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return { spent, reserved, invoiced, equal, table: rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n') }
}

/** Every provider of the sandbox. */
export function allProviders(providers: StandIns): readonly StandIn[] {
  return providers.all
}

async function readInvoice(provider: StandIn): Promise<{ provider: string; totalMicroUsd: number; lines: number }> {
  const origin = Object.values(provider.origins)[0] ?? ''
  const sheet = Sheet.parse(await (await fetch(`${origin}/sandbox/invoice`)).json())
  return { provider: provider.id, totalMicroUsd: sheet.totalMicroUsd, lines: sheet.lines.length }
}

function readWallets(file: string): z.infer<typeof Wallet>[] {
  const database = new SQLite(file, { readonly: true })
  try {
    return z.array(Wallet).parse(database.prepare('select scope, period, spent, reserved from wallets order by scope desc, period').all())
  } finally {
    database.close()
  }
}

function usd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`
}
