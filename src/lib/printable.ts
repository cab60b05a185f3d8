/** Text from outside, safe for a terminal and a log line: without control characters, and cut where it is longer. */
export function printable(text: string, characters = 80): string {
  return text.slice(0, characters).replaceAll(/[^\x20-\x7e]/g, '?')
}
