import type { Contents } from '../shared/store.ts'
import type { EndedRequest, Evidence, MetFaults } from './evidence.ts'
import { judge } from './verdict.ts'

export const price = 350_000
export const heldAt = 5

type Generation = Contents['generations'][number]

/** What happened to one request; what is left out went well. */
export interface RequestCase {
  request?: Partial<EndedRequest>
  met?: Partial<MetFaults>
  generation?: Partial<Generation>
  /** Kinds of its ledger rows. */
  ledger?: string
  /** What its one job cost. */
  invoiced?: number
}

function requestNumber(number: number, { request, met, generation, ledger = 'reserve capture', invoiced = price }: RequestCase) {
  const id = `g${number}`
  const made: EndedRequest = {
    mark: `clip-${number}.`,
    member: 0,
    prompt: `clip-${number}. a boat`,
    duration: 5,
    provider: undefined,
    images: {},
    terminal: false,
    memberAction: undefined,
    interactionId: `${number}`,
    guildId: 'here',
    madeAt: 0,
    observation: 'clip',
    clips: 1,
    cards: 1,
    notifications: 0,
    refusal: undefined,
    pressedCancel: false,
    deleted: false,
    met: { ...unmet, ...met },
    ...request,
  }
  const stored: Generation = {
    id,
    state: 'done',
    interactionId: made.interactionId,
    owner: 'o',
    provider: 'fal',
    price,
    reference: id,
    endReason: null,
    ...generation,
  }
  const rows = ledger.split(' ').map((kind) => ({ generationId: id, kind, amount: kind === 'difference' ? 10_000 : price, ...periods }))
  const job = {
    provider: 'fal',
    jobId: id,
    prompt: made.prompt,
    createdAt: 20 * number,
    finishedAt: 20 * number + 10,
    amountMicroUsd: invoiced,
    fault: null,
  }
  return { made, stored, rows, job }
}

const unmet: MetFaults = { disruptions: new Set(), refused: false, lost: false, jobFault: undefined }
const periods = { guildId: 'here', day: 'd', month: 'm', installationDay: 'D', installationMonth: 'M', createdAt: heldAt }

/** A run with these requests, and wallets that match the ledger. */
export function evidence(...cases: RequestCase[]): Evidence {
  const all = (cases.length > 0 ? cases : [{}]).map((each, index) => requestNumber(index, each))
  const ledger = all.flatMap(({ rows }) => rows)
  const sum = (...kinds: string[]) => ledger.filter(({ kind }) => kinds.includes(kind)).reduce((total, { amount }) => total + amount, 0)
  const reserved = sum('reserve') - sum('capture', 'release')
  const installation = { scope: 'installation', ownerId: '', spent: sum('capture', 'difference'), reserved }
  const guild = { scope: 'guild', ownerId: 'here', spent: sum('capture') - sum('refund'), reserved }
  return {
    requests: all.map(({ made }) => made),
    contents: {
      generations: all.map(({ stored }) => stored),
      attempts: all.map(({ stored }) => ({ id: `attempt of ${stored.id}`, generationId: stored.id, state: 'unknown', operationId: null })),
      wallets: [
        { ...installation, period: 'day', periodKey: 'D' },
        { ...installation, period: 'month', periodKey: 'M' },
        { ...guild, period: 'day', periodKey: 'd' },
        { ...guild, period: 'month', periodKey: 'm' },
      ],
      ledger,
      owners: [],
    },
    billedJobs: all.map(({ job }) => job),
    caps: { fal: 1 },
    insideCreate: new Set(),
    guildBudgets: new Map(),
    prices: { 5: price, 10: 2 * price },
  }
}

export const problemsOf = (evidence: Evidence) => judge(evidence).problems.join('\n')
export const unharmed = { lost: 0, postedTwice: 0, billedTwice: 0, ledgerMinusInvoicesMicroUsd: 0, capExceeded: 0 }
export const heldCase = {
  request: { observation: 'on hold', clips: 0 },
  met: { lost: true },
  generation: { state: 'held' },
  ledger: 'reserve hold',
} satisfies RequestCase
export const failedCase = {
  request: { observation: 'not made', clips: 0 },
  generation: { state: 'failed' },
  ledger: 'reserve release',
  invoiced: 0,
} satisfies RequestCase
