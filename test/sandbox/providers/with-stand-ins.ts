import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { type Hosts, type HostsOptions, startHosts } from '../../../sandbox/providers/stand-ins.ts'

/** Hosts of its own for each test of the file, and one renderer for all of them, so that a clip is made once. */
export function withHosts(options: Partial<Pick<HostsOptions, 'speed' | 'seed' | 'outside'>> = {}): { readonly hosts: Hosts } {
  let renderer: ClipRenderer | undefined
  let running: Hosts | undefined
  beforeAll(() => {
    renderer = new ClipRenderer({ height: 96 })
  })
  beforeEach(async () => {
    if (!renderer) throw new Error('the renderer is made before all tests')
    running = await startHosts({ clips: renderer, speed: 10_000, ...options })
  })
  afterEach(() => running?.stop())
  afterAll(() => renderer?.close())
  return {
    get hosts() {
      if (!running) throw new Error('the hosts run only while a test does')
      return running
    },
  }
}
