import { z } from 'zod'

import { correct, type Correction, findReservations, ImpossibleCorrection } from '../billing/corrections.ts'
import { createGuildSettings } from '../billing/guild-settings.ts'
import {
  isUnconfirmed,
  mostCounted,
  type Newest,
  type ReportedRow,
  readAssumed,
  readCurrentWallets,
  readImplausible,
  readRecentRows,
} from '../billing/report.ts'
import { readConfig } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { formatUsd, microUsd } from '../domain/money.ts'
import { printable } from '../lib/printable.ts'
import { providerDescriptors, providerName } from '../providers/registry.ts'
import { type Database, openMigrated } from '../storage/database.ts'
import { createKeyv } from '../storage/keyv.ts'
import { readArguments, UsageError } from './arguments.ts'

const usage =
  'run `npm run ledger -- correct REFERENCE DOLLARS --wallet server --reason "..."`, or `--wallet installation`; ' +
  '-0.35 takes 35 cents away from what was spent, and 0 confirms what the installation booked'

const options = { wallet: { type: 'string' }, reason: { type: 'string' } } as const

const wrongAmount = 'The amount is dollars with at most six decimals, such as 0.07 or -0.35'
const Dollars = z.string().transform((text, context) => {
  const [, minus, dollars = ''] = /^(-?)(.*)$/.exec(text.trim()) ?? []
  try {
    const amount = microUsd(dollars)
    return minus === '-' ? 0 - amount : amount
  } catch {
    context.addIssue({ code: 'custom', message: wrongAmount })
    return z.NEVER
  }
})
const CorrectionWords = z.object({
  positionals: z.tuple([z.literal('correct'), z.string(), Dollars], 'Name the request and the amount'),
  wallet: z.enum(['server', 'installation'], '`--wallet` is `server` or `installation`'),
  reason: z.string('`--reason` is missing').trim().min(1, '`--reason` is empty').max(500, '`--reason` is too long'),
})

/** `npm run ledger` shows the budgets in use and what needs a look; `npm run ledger -- correct` corrects a sum. Both work while the bot runs. */
export async function runLedger(environment: Environment, words: readonly string[], print: (line: string) => void): Promise<void> {
  const order = words.length === 0 ? undefined : readArguments(words, { options, shape: CorrectionWords, usage })
  const database = await openMigrated(readConfig(environment, providerDescriptors).store)
  const now = Date.now()
  try {
    if (!order) {
      await printLedger(database, now, print)
      return
    }
    const [, reference, amount] = order.positionals
    const scope = order.wallet === 'server' ? 'guild' : 'installation'
    await correctReference(database, reference, { scope, amount, reason: printable(order.reason, 500), now })
    print(`${reference}: ${amount === 0 ? 'confirmed as booked' : `${formatUsd(amount)} added to what the ${order.wallet} spent`}.`)
  } finally {
    await database.close()
  }
}

async function correctReference(database: Database, reference: string, correction: Correction): Promise<void> {
  const [reservation, another] = await findReservations(database.statements, reference)
  if (!reservation) throw new UsageError(`No request has the reference ${reference}. \`npm run ledger\` lists the latest.`)
  if (another) throw new UsageError(`Several requests have the reference ${reference}, so nothing was changed.`)
  if (correction.amount === 0 && !(correction.scope === 'installation' && (await isUnconfirmed(database.statements, reservation.id))))
    throw new UsageError(`An amount of 0 only confirms what the installation booked for an assumed or implausible cost: ${usage}.`)
  try {
    await database.transaction((transaction) => correct(transaction, reservation, correction))
  } catch (error) {
    if (!(error instanceof ImpossibleCorrection)) throw error
    const { wallet, spent } = error
    throw new UsageError(
      `Nothing was changed: the ${wallet.scope === 'guild' ? 'server' : wallet.scope}'s ${wallet.period} ${wallet.period_key} would have spent ${formatUsd(spent)}. Choose a smaller amount.`,
    )
  }
}

async function printLedger(database: Database, now: number, print: (line: string) => void): Promise<void> {
  const { statements } = database
  const settings = createGuildSettings(createKeyv(database, 'guild-settings'))
  const timeZoneOf = async (guildId: string) => (await settings.read(guildId)).timeZone
  const wallets = await readCurrentWallets(statements, now, timeZoneOf)
  printSection('Budgets in use', { rows: wallets, older: 0 }, print, ({ scope, ownerId, periodKey, spent, reserved }) => [
    scope === 'guild' ? `server ${ownerId}` : 'installation',
    periodKey,
    `${formatUsd(spent)} spent`,
    `${formatUsd(reserved)} reserved`,
  ])
  printSection('Assumed, because the provider does not say', await readAssumed(statements), print, describe)
  printSection(
    'Implausible costs, booked as listed',
    await readImplausible(statements),
    print,
    ({ reference, provider, price, printed, endedAt }) => [
      ...[formatTime(endedAt ?? 0), reference, formatUsd(price), providerName(provider)],
      `reported ${printed ?? ''}`,
    ],
  )
  printSection('Latest rows', await readRecentRows(statements), print, describe)
  print(`Compare with the providers\u2019 invoices. To correct a sum, ${usage}.`)
}

function describe({ createdAt, reference, kind, amount, provider, reason }: ReportedRow): string[] {
  return [
    formatTime(createdAt),
    reference,
    kind.replace('guild', 'server'),
    formatUsd(amount),
    providerName(provider),
    ...(reason === null ? [] : [reason]),
  ]
}

function printSection<Row>(
  title: string,
  { rows, older }: Newest<Row>,
  print: (line: string) => void,
  columns: (row: Row) => string[],
): void {
  if (rows.length === 0) return
  print(`${title}${older > 0 ? ` (${older}${older === mostCounted ? ' or more' : ''} older not shown)` : ''}:`)
  for (const row of rows) print(`  ${columns(row).join('  ')}`)
}

function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
