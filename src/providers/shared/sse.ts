/** No status is larger than this. */
const maxEventCharacters = 256 * 1024

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
    for (const line of lines) {
      if (line.startsWith('data:')) {
        data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
        size += line.length
      } else if (line === '' && data.length > 0) {
        yield data.join('\n')
        data = []
        size = 0
      }
      if (size > maxEventCharacters) break
    }
    if (size + text.length > maxEventCharacters) throw new Error('an event of the stream is too large')
  }
}
