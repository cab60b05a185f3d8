/** A longer hint is cut to this. */
const maxHintMs = 60 * 60_000

/**
 * Reads a `Retry-After` header: seconds (also fractions, which some providers send) or an HTTP date.
 * @returns milliseconds from `now`, from 0 to one hour, or undefined where there is no readable hint
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return clampHint(Number(text) * 1000)
  // `Date.parse` would also make a date of "-1".
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : clampHint(at - now)
}

function clampHint(milliseconds: number): number {
  return Math.min(maxHintMs, Math.max(0, Math.round(milliseconds)))
}
