import { createLog } from '../../../src/lib/log.ts'

/** The bot's log, captured in memory. */
export function createCapturedLog() {
  const lines: string[] = []
  return {
    lines,
    text: () => lines.join(''),
    log: createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } }),
  }
}
