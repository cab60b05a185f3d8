import { afterEach, describe, expect, test, vi } from 'vitest'

import { createDeadline } from '../../src/lib/deadline.ts'

afterEach(() => void vi.useRealTimers())

describe('a deadline', () => {
  test.each(['performance', 'Date'] as const)('is over by %s alone, before its timer has run', (clock) => {
    vi.useFakeTimers({ toFake: [clock] })
    const deadline = createDeadline(10_000)
    vi.advanceTimersByTime(9999)
    deadline.throwIfOver()
    vi.advanceTimersByTime(1)
    expect(deadline.signal.aborted).toBe(false)
    expect(() => deadline.throwIfOver()).toThrow(expect.objectContaining({ name: 'TimeoutError' }))
  })

  test('ends early with the reason of its caller', () => {
    const caller = new AbortController()
    const deadline = createDeadline(10_000, caller.signal)
    deadline.throwIfOver()
    caller.abort(new Error('overtaken'))
    expect(deadline.signal.aborted).toBe(true)
    expect(() => deadline.throwIfOver()).toThrow('overtaken')
  })
})
