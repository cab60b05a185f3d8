/**
 * Lets callers that come together share one reading of something that changes. Each gets a reading that began after its call, or one that is at most
 * `freshMs` old (wall-clock milliseconds, counted from its beginning).
 */
export function createSharedReading<Reading>(read: () => Promise<Reading>, freshMs: (reading: Reading) => number): () => Promise<Reading> {
  let latest: { beganAt: number; reading: Promise<Reading> } | undefined

  function begin(): Promise<Reading> {
    const own = { beganAt: performance.now(), reading: read() }
    latest = own
    const forget = () => {
      if (latest === own) latest = undefined
    }
    own.reading.catch(forget)
    return own.reading
  }

  return async () => {
    const calledAt = performance.now()
    for (;;) {
      const shared = latest
      if (!shared) return begin()
      const reading = await shared.reading
      if (shared.beganAt >= calledAt || performance.now() - shared.beganAt <= freshMs(reading)) return reading
      if (latest === shared) return begin()
    }
  }
}
