import { createHash } from 'node:crypto'

/**
 * The id of an attempt's task at Runware: always the same for the same attempt, in the form of a version 4 UUID. Runware refuses a second task with the
 * same id, so a repeated request cannot be billed twice.
 */
export function taskUuidOf(attemptId: string): string {
  const bytes = createHash('sha256').update(`rushes attempt ${attemptId}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
