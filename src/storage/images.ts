import type { Image, ImageReference } from '../domain/image.ts'
import type { Statements } from './database.ts'

/**
 * Stores a validated image under the hash of its bytes; the same image twice is one row, and its bytes are sent once. Call it before any lock is taken:
 * over a slow line an image takes long.
 */
export async function storeImage(statements: Statements, image: Image, now: number): Promise<void> {
  const known = await statements
    .updateTable('images')
    .set({ created_at: now })
    .where('sha256', '=', image.sha256)
    .returning('sha256')
    .executeTakeFirst()
  if (known) return
  await statements
    .insertInto('images')
    .values({
      sha256: image.sha256,
      media_type: image.mediaType,
      width: image.width,
      height: image.height,
      size_bytes: image.sizeBytes,
      bytes: image.bytes,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ created_at: now }))
    .execute()
}

/** Reads a stored image. It is written before any row that names it: where it is missing, somebody removed it. */
export async function readImage(statements: Statements, reference: ImageReference): Promise<Image | undefined> {
  const row = await statements.selectFrom('images').select('bytes').where('sha256', '=', reference.sha256).executeTakeFirst()
  return row && { ...reference, bytes: row.bytes }
}
