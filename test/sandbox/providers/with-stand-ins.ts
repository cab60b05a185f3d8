import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { type StandIns, type StandInsOptions, startStandIns } from '../../../sandbox/providers/stand-ins.ts'

/** Starts the stand-ins for each test of the file; one renderer for all renders each clip once. */
export function withStandIns(options: Partial<Pick<StandInsOptions, 'speed' | 'seed' | 'outside' | 'unlimited'>> = {}): {
  readonly providers: StandIns
} {
  let renderer: ClipRenderer | undefined
  let running: StandIns | undefined
  beforeAll(() => {
    renderer = new ClipRenderer({ height: 96 })
  })
  beforeEach(async () => {
    if (!renderer) throw new Error('the renderer is created before all tests')
    running = await startStandIns({ clips: renderer, speed: 10_000, ...options })
  })
  afterEach(() => running?.stop())
  afterAll(() => renderer?.close())
  return {
    get providers() {
      if (!running) throw new Error('the stand-ins run only during a test')
      return running
    },
  }
}
