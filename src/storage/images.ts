import type { FrameReference } from '../domain/clip-request.ts'
import type { Statements } from './database.ts'

export interface KeptFrame extends FrameReference {
  bytes: Uint8Array
}

/** Keeps a checked picture under the hash of its bytes; the same picture twice is one row. */
export async function keepFrame(statements: Statements, frame: KeptFrame, now: number): Promise<void> {
  await statements
    .insertInto('frames')
    .values({
      sha256: frame.sha256,
      media_type: frame.mediaType,
      width: frame.width,
      height: frame.height,
      size_bytes: frame.sizeBytes,
      bytes: frame.bytes,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column('sha256').doNothing())
    .execute()
}

/** Reads a kept picture's bytes. A missing one is a bug: it is written before any row that names it. */
export async function readFrame(statements: Statements, reference: FrameReference): Promise<KeptFrame> {
  const row = await statements.selectFrom('frames').select('bytes').where('sha256', '=', reference.sha256).executeTakeFirst()
  if (!row) throw new Error('a kept picture is missing from the store')
  return { ...reference, bytes: row.bytes }
}
