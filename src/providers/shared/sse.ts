/** One event larger than this is no status. */
const maxEventCharacters = 256 * 1024

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
  readonly code = 'ERR_EVENT_TOO_LARGE'
}

/**
 * Takes a `text/event-stream` apart: yields the text of each event's `data` lines. Comments (which providers send to keep the line open), names and ids
 * are left out, and so is an event that the end of the stream cut short.
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let lines: string[] = []
  let size = 0
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    // A line ends with CRLF, LF or CR; a CR at the very end may be the first half of a CRLF.
    const context = text.split(/\r\n|\n|\r(?!$)/)
    text = context.pop() ?? ''
    if (size + text.length > maxEventCharacters) throw new EventTooLarge()
    for (const line of context) {
      if (line.startsWith('data:')) {
        const value = line.slice(line.startsWith('data: ') ? 6 : 5)
        size += value.length
        if (size > maxEventCharacters) throw new EventTooLarge()
        lines.push(value)
      } else if (line === '' && lines.length > 0) {
        yield lines.join('\n')
        lines = []
        size = 0
      }
    }
  }
}
