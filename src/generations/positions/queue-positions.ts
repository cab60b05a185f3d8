import { type ClipKind, modeOf } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { Estimates } from '../store/run-time-estimates.ts'
import { createFairOrder, createFairPositions, type MemberQueue } from '../queue/fair-order.ts'
import { longestPauseMs } from '../queue/provider-pauses.ts'
import { type QueuedRequest, readOldestOf, readRunning, type Turn } from './queued-requests.ts'
import { createSlots, firstOpening, type SlotsOptions } from './slots.ts'
import { readWaiting, type WaitingMember } from '../queue/waiting-members.ts'

export interface QueuePosition {
  id: string
  /** Requests that come before this one in the fair order. */
  ahead: number
  /** When its clip is expected (milliseconds since the epoch); undefined where the slots of its providers are not known here. */
  readyAt: number | undefined
}

/** The queue as one reading found it. */
export interface QueuePositions {
  /** How many requests are queued. */
  readonly length: number
  /** How many clips are queued or running: what the reading cost grows with it. */
  readonly counted: number
  /** The first ones, in the fair order. */
  readonly front: readonly QueuePosition[]
  /** Of a queued request that comes after `earlier` others of its member. Undefined where the member had nothing queued. */
  positionOf(request: QueuedRequest, earlier: number): QueuePosition | undefined
  /** Of a request that was just accepted. Counts it, if the reading came too early to do so. */
  add(request: QueuedRequest & Turn): QueuePosition
}

/** So many requests are followed from slot to slot. When a later one begins is estimated from how fast the providers serve. */
const frontLength = 100

/**
 * Positions are exact unless requests are added or end in between, or wait for a provider that is busy. What is set aside is not counted, because it is not
 * served. The cost grows with the members who wait, not with their requests.
 */
export async function readQueuePositions(
  database: Pick<Database, 'statements' | 'setAside'>,
  options: Omit<SlotsOptions, 'openAt'>,
): Promise<QueuePositions> {
  const waiting = await readWaiting(database.statements, database)
  const isEmpty = waiting.length === 0
  const [running, openAt] = await Promise.all([
    isEmpty ? [] : readRunning(database.statements),
    isEmpty ? new Map<ProviderId, number>() : readOpenings(database.statements, options.now),
  ])
  const runningOf = new Map([...Map.groupBy(running, ({ guildId }) => guildId)].map(([guild, clips]) => [guild, clips.length]))
  const first = await readFirst(database, waiting, runningOf)
  const estimates = rememberRunMs(options.estimates)
  const slots = createSlots(running, { ...options, estimates, openAt })
  /** After each request. */
  const openings = [slots.openings()]
  const take = ({ id, candidates, clip }: QueuedRequest, ahead: number): QueuePosition => {
    const readyAt = slots.take(candidates, clip)
    openings.push(slots.openings())
    return { id, ahead, readyAt }
  }
  const front = first.map(take)
  const gapOf = createGaps(waiting, first, { ...options, estimates })
  const members = new Map(waiting.map((member) => [memberKey(member), member]))
  let aheadOf = createFairPositions(waiting, runningOf)

  function place({ id, candidates, clip }: QueuedRequest, ahead: number): QueuePosition {
    const followed = Math.min(ahead, openings.length - 1)
    const opening = firstOpening(candidates, openings[followed] ?? new Map<ProviderId, number>())
    if (!opening?.isCertain) return { id, ahead, readyAt: undefined }
    const startsAt = opening.at + (ahead - followed) * gapOf(candidates)
    return { id, ahead, readyAt: startsAt + estimates.runMs(opening.id, clip) }
  }

  function addMember({ guildId, memberId, guildServed, memberServed }: QueuedRequest & Turn): WaitingMember {
    const member = { guildId, memberId, guildServed, memberServed, queued: 0, groups: [] }
    members.set(memberKey(member), member)
    aheadOf = createFairPositions(members.values(), runningOf)
    return member
  }

  const length = waiting.reduce((sum, { queued }) => sum + queued, 0)
  return {
    length,
    counted: length + running.length,
    front,
    positionOf: (request, earlier) => {
      const member = members.get(memberKey(request))
      return member && place(request, aheadOf(member, earlier))
    },
    add: (request) => {
      const { id, candidates, earlier } = request
      const member = members.get(memberKey(request)) ?? addMember(request)
      const ahead = aheadOf(member, earlier)
      if (member.groups.some(({ newest }) => newest >= id)) return place(request, ahead)
      member.queued += 1
      member.groups.push({ candidates, stored: '', queued: 1, oldest: id, newest: id })
      const isNext = ahead === openings.length - 1 && ahead < frontLength
      return isNext ? take(request, ahead) : place(request, ahead)
    },
  }
}

const memberKey = ({ guildId, memberId }: Pick<MemberQueue, 'guildId' | 'memberId'>) => `${guildId}/${memberId}`

/** Those that the fair order serves first. */
async function readFirst(
  database: Pick<Database, 'statements' | 'setAside'>,
  waiting: readonly WaitingMember[],
  running: ReadonlyMap<string, number>,
): Promise<QueuedRequest[]> {
  // Copies, because serving changes them.
  const order = createFairOrder(
    waiting.map((member) => ({ ...member })),
    { running, lastTurn: 0 },
  )
  const turns: string[] = []
  for (let next = order.next(); next && turns.length < frontLength; next = order.next()) {
    turns.push(memberKey(next))
    order.serve(next)
  }
  const each = Map.groupBy(turns, (key) => key)
  const served = waiting.filter((member) => each.has(memberKey(member)))
  const most = Math.max(0, ...[...each.values()].map(({ length }) => length))
  const requests = Map.groupBy(await readOldestOf(database, served, most), memberKey)
  const next = new Map([...requests].map(([key, queue]) => [key, queue.values()]))
  return turns.flatMap((key) => next.get(key)?.next().value ?? [])
}

/** Milliseconds from the start of one request to that of the next, for one with these candidates behind the front. */
function createGaps(
  waiting: readonly WaitingMember[],
  first: readonly QueuedRequest[],
  { providers, estimates }: Pick<SlotsOptions, 'providers' | 'estimates'>,
): (candidates: readonly ProviderId[]) => number {
  const groups = waiting.flatMap((member) => member.groups)
  const countOf = (some: readonly { queued: number }[]) => some.reduce((sum, { queued }) => sum + queued, 0)
  /** Requests that these providers serve in a millisecond, if all are like the first. */
  const rateOf = (ids: ReadonlySet<ProviderId>) =>
    providers
      .filter(({ id }) => ids.has(id))
      .reduce((rate, { id, concurrency }) => {
        const runMs = first.reduce((sum, { clip }) => sum + estimates.runMs(id, clip), 0) / first.length
        return rate + concurrency / runMs
      }, 0)
  const all = rateOf(new Set(groups.flatMap(({ candidates }) => candidates)))
  const gaps = new Map<string, number>()
  return (candidates) => {
    const key = candidates.join()
    const own = new Set(candidates)
    // Requests that only these providers can make wait for them, however fast the others are.
    const bound = () => countOf(groups.filter((group) => group.candidates.every((id) => own.has(id))))
    const gap = gaps.get(key) ?? Math.max(1 / all, bound() / countOf(groups) / rateOf(own))
    gaps.set(key, gap)
    return gap
  }
}

/** A median is computed each time, and here many ask for the same. */
function rememberRunMs(estimates: Pick<Estimates, 'runMs'>): Pick<Estimates, 'runMs'> {
  const known = new Map<string, number>()
  return {
    runMs: (provider: ProviderId, clip: ClipKind) => {
      const key = `${provider}/${modeOf(clip)}/${clip.durationSeconds}`
      const runMs = known.get(key) ?? estimates.runMs(provider, clip)
      known.set(key, runMs)
      return runMs
    },
  }
}

/** When each provider that is paused opens again. */
async function readOpenings(statements: Statements, now: number): Promise<ReadonlyMap<ProviderId, number>> {
  const rows = await statements.selectFrom('provider_state').select(['provider', 'closed_until']).where('closed_until', '>', now).execute()
  return new Map(rows.map((row) => [row.provider, Math.min(row.closed_until, now + longestPauseMs)]))
}
