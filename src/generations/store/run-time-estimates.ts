import { type ClipRequest, type DurationSeconds, modeOf } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import { requestColumn } from '../../storage/json-columns.ts'

/** How long clips take, learned from this installation's own runs by provider, mode and duration. */
export interface Estimates {
  /** Milliseconds from acceptance to completion. Reads memory only, so it never waits. */
  runMs(provider: ProviderId, request: ClipRequest): number
  /** Records that a job completed `milliseconds` after it was accepted. */
  learn(provider: ProviderId, request: ClipRequest, milliseconds: number): void
}

/** Milliseconds that this model takes, until something is learned. */
export const typicalRunMs: Record<DurationSeconds, number> = { 5: 160_000, 10: 250_000 }
const sampleSize = 20

/** Starts from the latest runs of earlier processes. */
export async function createEstimates(database: Database, typical = typicalRunMs): Promise<Estimates> {
  const samples = new Map<string, number[]>()
  const keyOf = (provider: ProviderId, request: ClipRequest) => `${provider}/${modeOf(request)}/${request.durationSeconds}`
  const learn = (provider: ProviderId, request: ClipRequest, milliseconds: number) => {
    const key = keyOf(provider, request)
    samples.set(key, [...(samples.get(key) ?? []), milliseconds].slice(-sampleSize))
  }
  const rows = await database.statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['attempts.provider', 'generations.started_at', 'attempts.ended_at', 'generations.request'])
    .where('attempts.state', '=', 'completed')
    .orderBy('attempts.id', 'desc')
    .limit(500)
    .execute()
  for (const { provider, request, started_at: startedAt, ended_at: endedAt } of rows.reverse()) {
    if (startedAt !== null && endedAt !== null) learn(provider, requestColumn.parse(request), endedAt - startedAt)
  }
  return { learn, runMs: (provider, request) => median(samples.get(keyOf(provider, request))) ?? typical[request.durationSeconds] }
}

function median(values: readonly number[] | undefined): number | undefined {
  const sorted = [...(values ?? [])].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)]
}

/** 0 to just under 1: a late clip stays there, because its end is unknown. */
export function progressOf(elapsedMs: number, expectedMs: number): number {
  return Math.min(0.97, Math.max(0, elapsedMs / Math.max(1, expectedMs)))
}
