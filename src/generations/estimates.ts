import type { DurationSeconds } from '../domain/clip-request.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { Statements } from '../storage/database.ts'
import type { Generation } from './generation.ts'

/** What a host of this model takes where this installation has no run of its own yet, in milliseconds. */
const typicalRunMs: Record<DurationSeconds, number> = { 5: 160_000, 10: 250_000 }
const sampleSize = 20

/** How long such a clip takes at this host: the median of this installation's latest runs, in milliseconds. */
export async function estimateRunMs(statements: Statements, provider: ProviderId, durationSeconds: DurationSeconds): Promise<number> {
  const rows = await statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['generations.started_at', 'attempts.ended_at', 'generations.request'])
    .where('attempts.provider', '=', provider)
    .where('attempts.state', '=', 'completed')
    .orderBy('attempts.id', 'desc')
    .limit(sampleSize * 2)
    .execute()
  const runs = rows
    .filter((row) => (JSON.parse(row.request) as Generation['request']).durationSeconds === durationSeconds)
    .flatMap((row) => (row.started_at !== null && row.ended_at !== null ? [row.ended_at - row.started_at] : []))
    .slice(0, sampleSize)
    .sort((left, right) => left - right)
  return runs[Math.floor(runs.length / 2)] ?? typicalRunMs[durationSeconds]
}

/** 0 to just under 1: a clip that is late stays at "almost", because nobody knows. */
export function progressOf(elapsedMs: number, expectedMs: number): number {
  return Math.min(0.97, Math.max(0, elapsedMs / Math.max(1, expectedMs)))
}
