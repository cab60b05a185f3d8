import { type ClipRequest, clipLimits } from '../../domain/clip-request.ts'
import type { ImageReference } from '../../domain/image.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { requestColumn } from '../../storage/json-columns.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import { generationStates, isOver } from '../model/generation.ts'

/**
 * Also a held generation keeps everything until it is settled. Excluded, instead of asking for those that are over: SQLite would find these by their
 * state, and so read every generation that ever ended.
 */
const notOver = generationStates.filter((state) => !isOver(state))

export interface Batch {
  /** What is older, in milliseconds since the epoch, is erased. */
  before: number
  /** The most rows at once. */
  limit: number
}

/** Erases interaction tokens, which nobody can use after fifteen minutes. Returns how many. */
export function eraseTokens(database: Database, { before, limit }: Batch): Promise<number> {
  return database.transaction(async (transaction) => {
    const rows = await transaction
      .selectFrom('generations')
      .select('id')
      .where('interaction_token', '!=', '')
      .where('created_at', '<', before)
      .limit(limit)
      // Skip locked rows: a claim locks the same requests in the order of the queue, so waiting for it could be a deadlock.
      .$if(database.sharedUrl !== undefined, (query) => query.forUpdate().skipLocked())
      .execute()
    if (rows.length === 0) return 0
    const ids = rows.map(({ id }) => id)
    await transaction.updateTable('generations').set({ interaction_token: '' }).where('id', 'in', ids).execute()
    return ids.length
  })
}

/** Erases what a member wrote and showed, and where the clip was, of generations that ended before. The row stays: the ledger refers to it. */
export async function erasePrompts(database: Database, { before, limit }: Batch, now: number): Promise<number> {
  const ended = await database.statements
    .selectFrom('generations')
    .select(['id', 'request'])
    .where('erased_at', 'is', null)
    .where('ended_at', '<', before)
    .where('state', 'not in', notOver)
    .orderBy('ended_at')
    .limit(limit)
    .execute()
  for (const { id, request } of ended) {
    const read = tryToRead(() => requestColumn.parse(request), id, database.setAside)
    await database.transaction(async (transaction) => {
      const erased = { request: requestColumn.stringify(withoutWords(read)), output_url: null, erased_at: now }
      await transaction.updateTable('generations').set(erased).where('id', '=', id).where('state', 'not in', notOver).execute()
      await transaction.updateTable('attempts').set({ images: null }).where('generation_id', '=', id).execute()
      await transaction.deleteFrom('generation_images').where('generation_id', '=', id).execute()
    })
  }
  return ended.length
}

/** The run times of old clips are still learned from: they need the duration, and which images there were. */
function withoutWords(request: ClipRequest | undefined): ClipRequest {
  if (!request) return { prompt: '', durationSeconds: clipLimits.durationsSeconds[0] }
  const { firstFrame, lastFrame, durationSeconds, aspectRatio } = request
  const unnamed = (image: ImageReference | undefined) => image && { ...image, sha256: '' }
  return { prompt: '', durationSeconds, aspectRatio, firstFrame: unnamed(firstFrame), lastFrame: unnamed(lastFrame) }
}

/** Deletes webhook events of generations that are over. */
export async function deleteOldEvents(statements: Statements, { before, limit }: Batch): Promise<number> {
  const attempts = await statements
    .selectFrom('webhook_events')
    .innerJoin('attempts', 'attempts.id', 'webhook_events.attempt_id')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select('attempts.id')
    .distinct()
    .where('webhook_events.received_at', '<', before)
    .where('generations.state', 'not in', notOver)
    .limit(limit)
    .execute()
  const ids = attempts.map(({ id }) => id)
  if (ids.length === 0) return 0
  await statements.deleteFrom('webhook_events').where('attempt_id', 'in', ids).where('received_at', '<', before).execute()
  return ids.length
}

/** Deletes images that no kept generation names: those of refused requests, and of generations that were erased. */
export async function deleteUnusedImages({ statements, sharedUrl }: Database, { before, limit }: Batch): Promise<number> {
  const unused = await statements
    .selectFrom('images')
    .select('sha256')
    .where('created_at', '<', before)
    .where((image) =>
      image.not(image.exists(image.selectFrom('generation_images').select('sha256').whereRef('sha256', '=', 'images.sha256'))),
    )
    .limit(limit)
    .execute()
  for (const { sha256 } of unused) {
    if (sharedUrl !== undefined && (await nameByRequests(statements, sha256))) continue
    // The same image may just have been stored again, for a request that is about to name it.
    await statements.deleteFrom('images').where('sha256', '=', sha256).where('created_at', '<', before).execute()
  }
  return unused.length
}

/**
 * During an update a process of an earlier version may accept requests beside this one, and names their images in the request alone. Names this one as
 * this version does; false if no request names it.
 */
async function nameByRequests(statements: Statements, sha256: string): Promise<boolean> {
  const named = await statements
    .insertInto('generation_images')
    .columns(['generation_id', 'sha256'])
    .expression((query) =>
      query
        .selectFrom('generations')
        .select((row) => ['id', row.val(sha256).as('sha256')])
        .where('erased_at', 'is', null)
        // In a JSON string every quote is escaped, so no prompt contains this text.
        .where('request', 'like', `%"sha256":"${sha256}"%`),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('generation_id')
    .execute()
  return named.length > 0
}
