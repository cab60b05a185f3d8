// Imported before start.mjs, so that the process can be asked about its own memory and event loop.
import { answerParent } from '../shared/child.ts'
import { watchLateness } from './lateness.ts'

// Away from the project's folder, so that no developer's `.env` is read.
process.chdir(process.env['DATA_DIR'] ?? '.')

let stopWatching: (() => unknown) | undefined

answerParent({
  memory: () => {
    // Twice: what the first one finalizes, only the second one frees.
    globalThis.gc?.()
    globalThis.gc?.()
    return { heapBytes: process.memoryUsage().heapUsed, residentBytes: process.memoryUsage.rss() }
  },
  residentBytes: () => process.memoryUsage.rss(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  watchLoop: () => {
    stopWatching = watchLateness()
  },
  readLoop: () => stopWatching?.(),
  untilExit: () => new Promise(() => undefined),
})
