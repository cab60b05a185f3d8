import { type ClipMode, type ClipRequest, type DurationSeconds, modeOf } from '../../domain/clip-request.ts'
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
  const keyOf = (provider: ProviderId, mode: ClipMode, seconds: DurationSeconds) => `${provider}/${mode}/${seconds}`
  const learn = (provider: ProviderId, request: ClipRequest, milliseconds: number) => {
    const key = keyOf(provider, modeOf(request), request.durationSeconds)
    samples.set(key, [...(samples.get(key) ?? []), milliseconds].slice(-sampleSize))
  }
  for (const run of await readRuns(database)) learn(run.provider, run.request, run.milliseconds)
  return {
    learn,
    runMs: (provider, request) =>
      median(samples.get(keyOf(provider, modeOf(request), request.durationSeconds))) ?? typical[request.durationSeconds],
  }
}

interface Run {
  provider: ProviderId
  request: ClipRequest
  milliseconds: number
}

async function readRuns({ statements }: Database): Promise<Run[]> {
  const rows = await statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['attempts.provider', 'generations.started_at', 'attempts.ended_at', 'generations.request'])
    .where('attempts.state', '=', 'completed')
    .orderBy('attempts.id', 'desc')
    .limit(500)
    .execute()
  return rows.reverse().flatMap((row) => {
    if (row.started_at === null || row.ended_at === null) return []
    const request = requestColumn.parse(row.request)
    return [{ provider: row.provider, request, milliseconds: row.ended_at - row.started_at }]
  })
}

function median(values: readonly number[] | undefined): number | undefined {
  const sorted = [...(values ?? [])].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)]
}

/** 0 to just under 1: a late clip stays there, because its end is unknown. */
export function progressOf(elapsedMs: number, expectedMs: number): number {
  return Math.min(0.97, Math.max(0, elapsedMs / Math.max(1, expectedMs)))
}
