import { type ClipKind, type DurationSeconds, modeOf } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import { requestColumn } from '../../storage/json-columns.ts'
import { readRows } from '../../storage/unreadable-rows.ts'

/** How long clips take, learned from this installation's own runs by provider, mode and duration. */
export interface Estimates {
  /** Milliseconds from acceptance to completion. Reads memory only, so it never waits. */
  runMs(provider: ProviderId, clip: ClipKind): number
  /** Records that a job completed `milliseconds` after it was accepted. */
  learn(provider: ProviderId, clip: ClipKind, milliseconds: number): void
}

/** Milliseconds that this model takes, until something is learned. */
export const typicalRunMs: Record<DurationSeconds, number> = { 5: 160_000, 10: 250_000 }
const sampleSize = 20

/** Starts from the latest runs of earlier processes. */
export async function createEstimates(database: Database, typical = typicalRunMs): Promise<Estimates> {
  const samples = new Map<string, number[]>()
  const keyOf = (provider: ProviderId, clip: ClipKind) => `${provider}/${modeOf(clip)}/${clip.durationSeconds}`
  const learn = (provider: ProviderId, clip: ClipKind, milliseconds: number) => {
    const key = keyOf(provider, clip)
    samples.set(key, [...(samples.get(key) ?? []), milliseconds].slice(-sampleSize))
  }
  const rows = await database.statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['generations.id', 'attempts.provider', 'generations.started_at', 'attempts.ended_at', 'generations.request'])
    .where('attempts.state', '=', 'completed')
    .orderBy('attempts.id', 'desc')
    .limit(500)
    .execute()
  const runs = readRows(rows.reverse(), (row) => ({ ...row, request: requestColumn.parse(row.request) }), database.setAside)
  for (const { provider, request, started_at: startedAt, ended_at: endedAt } of runs) {
    if (startedAt !== null && endedAt !== null) learn(provider, request, endedAt - startedAt)
  }
  return { learn, runMs: (provider, clip) => median(samples.get(keyOf(provider, clip))) ?? typical[clip.durationSeconds] }
}

function median(values: readonly number[] | undefined): number | undefined {
  const sorted = [...(values ?? [])].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)]
}

/** 0 to just under 1: a late clip stays there, because its end is unknown. */
export function progressOf(elapsedMs: number, expectedMs: number): number {
  return Math.min(0.97, Math.max(0, elapsedMs / Math.max(1, expectedMs)))
}
