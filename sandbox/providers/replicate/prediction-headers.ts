/** How many seconds, 1 to 60, `Prefer: wait` or `Prefer: wait=N` keeps a create call open. */
export function readPrefer(header: string | undefined): number | undefined {
  const match = /^wait(?:=(\d+))?$/.exec(header?.trim() ?? '')
  if (!match) return undefined
  return Math.min(60, Math.max(1, Number(match[1] ?? 60)))
}

const shortestDeadlineSeconds = 5

/**
 * Milliseconds in `Cancel-After`: `30`, `30s`, `5m`, `1h30m45s`.
 * @returns undefined if there is no header, `invalid` if it is malformed or under five seconds
 */
export function readCancelAfter(header: string | undefined): number | 'invalid' | undefined {
  if (header === undefined) return undefined
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(header.trim())
  const [hours = 0, minutes = 0, seconds = 0] = (match ?? []).slice(1).map((part) => Number((part as string | undefined) ?? 0))
  const total = 3600 * hours + 60 * minutes + seconds
  return match && total >= shortestDeadlineSeconds ? 1000 * total : 'invalid'
}
