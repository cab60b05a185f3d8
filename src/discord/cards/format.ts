/** `0:41`, `12:05`, `1:02:09`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const tail = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** A moment that Discord shows relative to now, such as "in 5 minutes", and keeps up to date. `milliseconds` since the epoch. */
export function formatMoment(milliseconds: number): string {
  return `<t:${Math.ceil(milliseconds / 1000)}:R>`
}

/** A date and time that Discord shows in the reader's own time zone. `milliseconds` since the epoch, rounded down. */
export function formatDateTime(milliseconds: number): string {
  return `<t:${Math.floor(milliseconds / 1000)}:f>`
}
