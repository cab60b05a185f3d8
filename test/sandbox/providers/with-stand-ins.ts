import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { type StandIns, type StandInsOptions, startStandIns } from '../../../sandbox/providers/stand-ins.ts'

/** Providers of its own for each test of the file, and one renderer for all of them, so that a clip is made once. */
export function withStandIns(options: Partial<Pick<StandInsOptions, 'speed' | 'seed' | 'outside'>> = {}): { readonly providers: StandIns } {
  let renderer: ClipRenderer | undefined
  let running: StandIns | undefined
  beforeAll(() => {
    renderer = new ClipRenderer({ height: 96 })
  })
  beforeEach(async () => {
    if (!renderer) throw new Error('the renderer is made before all tests')
    running = await startStandIns({ clips: renderer, speed: 10_000, ...options })
  })
  afterEach(() => running?.stop())
  afterAll(() => renderer?.close())
  return {
    get providers() {
      if (!running) throw new Error('the providers run only while a test does')
      return running
    },
  }
}
