/** Numbers and moments as the cards write them. */

/** `0:41`, `12:05`, `1:02:09`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const tail = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** `10 s`, and `5.04` seconds as `5 s`: a frame more or less is no news. */
export function formatDuration(seconds: number): string {
  return `${Number(seconds.toFixed(1))} s`
}

/** Megabytes with one digit, rounded up, so that a size past a limit never reads like the limit. */
export function formatSize(bytes: number): string {
  return `${Math.ceil(bytes / 100_000) / 10} MB`
}

/** A moment that Discord shows in the reader's own time zone and lets count by itself. `milliseconds` since the epoch. */
export function formatMoment(milliseconds: number, style: 'R' | 'f' | 't' = 'R'): string {
  return `<t:${Math.ceil(milliseconds / 1000)}:${style}>`
}

/** `▰▰▰▱▱▱▱▱▱▱`: ten steps, short enough for a telephone. */
export function formatBar(progress: number): string {
  const steps = Math.min(10, Math.max(0, Math.floor(progress * 10)))
  return '▰'.repeat(steps) + '▱'.repeat(10 - steps)
}

/** `a`, `a or b`, `a, b or c`. */
export function formatChoice(words: readonly string[], conjunction: 'or' | 'and' = 'or'): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1) ?? ''}`
}
