/** No status is larger than this. */
const maxEventCharacters = 256 * 1024

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
  readonly code = 'ERR_EVENT_TOO_LARGE'
}

/**
 * Parses a `text/event-stream` and yields the data of each event. Comments (which providers send as keep-alives), names and ids are skipped, and so is
 * an event that the end of the stream truncates.
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let data: string[] = []
  let size = 0
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    // A line ends with CRLF, LF or CR; a CR at the very end may be the first half of a CRLF.
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    text = lines.pop() ?? ''
    if (size + text.length > maxEventCharacters) throw new EventTooLarge()
    for (const line of lines) {
      if (line.startsWith('data:')) {
        const value = line.slice(line.startsWith('data: ') ? 6 : 5)
        size += value.length
        if (size > maxEventCharacters) throw new EventTooLarge()
        data.push(value)
      } else if (line === '' && data.length > 0) {
        yield data.join('\n')
        data = []
        size = 0
      }
    }
  }
}
