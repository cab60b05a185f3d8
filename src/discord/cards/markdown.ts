/** How Discord would show, cut, or act on text that a member wrote, and how to make it show as it was written. */

/** What may not stand in a card at all: control characters, and the marks that turn the writing direction of what follows. */
// eslint-disable-next-line no-control-regex -- control characters are exactly what is meant
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * Everything that starts markup anywhere in a line: emphasis, code, spoilers, mentions, custom emoji, time stamps, links, headings,
 * quotes. The slash takes bare links and invitations apart, which Discord finds by themselves.
 */
const special = /[\\*_~`|<>#[\]()@/]/g

/** A string of the same text without line breaks at its ends, carriage returns, runs of blank lines or unprintable characters. */
export function tidy(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(unprintable, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

/** The same words in at most so many lines: what would stand below them goes on in the last one. */
export function limitLines(text: string, lines: number): string {
  const all = text.split('\n')
  return [
    ...all.slice(0, lines - 1),
    all
      .slice(lines - 1)
      .filter(Boolean)
      .join(' '),
  ]
    .join('\n')
    .trimEnd()
}

/**
 * The text as Discord shows it literally, at most `limit` UTF-16 units long and `lines` lines high, and ending in “…” where it was cut. Never cut inside a
 * grapheme (an emoji, a letter with its accents) or between a backslash and what it escapes. Discord may count less than UTF-16
 * units, never more.
 */
export function escapeAndCut(text: string, limit: number, lines = 30): string {
  const pieces: string[] = []
  let length = 0
  let uncut = 0
  let line: 'start' | 'number' | 'inside' = 'start'
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(limitLines(tidy(text), lines))) {
    const escaped = escapeGrapheme(segment, line)
    line = lineAfter(segment, line)
    length += escaped.length
    pieces.push(escaped)
    if (length <= limit - 1) uncut = pieces.length
    if (length > limit) return `${pieces.slice(0, uncut).join('').trimEnd()}…`
  }
  return pieces.join('')
}

/** Plain text (for an alternative text, where no markup is read), cut like `escapeAndCut`. */
export function cutPlain(text: string, limit: number): string {
  const tidied = tidy(text)
  if (tidied.length <= limit) return tidied
  let end = 0
  for (const { segment, index } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(tidied)) {
    if (index + segment.length > limit - 1) break
    end = index + segment.length
  }
  return `${tidied.slice(0, end).trimEnd()}…`
}

function escapeGrapheme(grapheme: string, line: 'start' | 'number' | 'inside'): string {
  // Lists and subtext begin with these, but only where a line does.
  if (line === 'start' && /^[-+]/.test(grapheme)) return `\\${grapheme.replaceAll(special, String.raw`\$&`)}`
  if (line === 'number' && /^[.)]/.test(grapheme)) return `\\${grapheme}`
  return grapheme.replaceAll(special, String.raw`\$&`)
}

function lineAfter(grapheme: string, line: 'start' | 'number' | 'inside'): 'start' | 'number' | 'inside' {
  if (grapheme === '\n') return 'start'
  if (line === 'start' && /^\s+$/.test(grapheme)) return 'start'
  if (line !== 'inside' && /^\d$/.test(grapheme)) return 'number'
  return 'inside'
}
