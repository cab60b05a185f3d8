import { randomBytes } from 'node:crypto'

/** A Discord id. Always a string: snowflakes exceed 2^53, so a number would silently become another id. */
export type Snowflake = string

/** Time-ordered and unguessable: 48 bits of milliseconds and 80 random bits, in 32 hexadecimal digits. */
export function createId(now: number): string {
  return now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
}

/** A short reference that a member can read out and an operator can find in the log. */
export function createReference(): string {
  return randomBytes(4).toString('hex')
}

/** 256 random bits, for a URL that only one provider knows. */
export function createSecret(): string {
  return randomBytes(32).toString('base64url')
}
