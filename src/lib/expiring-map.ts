import { type Clock, wallClock } from './clock.ts'

/** A map whose entries are gone a fixed time after they were set. Keeps no timer: what expired is removed when the map is next used. */
export class ExpiringMap<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; until: number }>()
  readonly #lifetimeMs: number
  readonly #clock: Pick<Clock, 'now'>
  #removeAt = 0

  constructor(lifetimeMs: number, clock: Pick<Clock, 'now'> = wallClock) {
    this.#lifetimeMs = lifetimeMs
    this.#clock = clock
  }

  /** How many are kept, including expired ones that were not removed yet. */
  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.until > this.#clock.now() ? entry.value : undefined
  }

  set(key: Key, value: Value): void {
    const now = this.#clock.now()
    if (now >= this.#removeAt) this.#removeExpired(now)
    this.#entries.set(key, { value, until: now + this.#lifetimeMs })
  }

  delete(key: Key): void {
    this.#entries.delete(key)
  }

  #removeExpired(now: number): void {
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key)
    this.#removeAt = now + this.#lifetimeMs
  }
}
