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
  const rest = all.splice(lines - 1).filter(Boolean)
  return [...all, rest.join(' ')].join('\n').trimEnd()
}

/**
 * The text as Discord shows it literally, at most `limit` UTF-16 units long and `lines` lines high, and ending in “…” where it was cut. Never cut inside a
 * grapheme (an emoji, a letter with its accents) or between a backslash and what it escapes. Discord may count less than UTF-16
 * units, never more.
 */
export function escapeAndCut(text: string, limit: number, lines = 30): string {
  let position: LinePosition = 'start'
  const pieces = graphemesOf(limitLines(tidy(text), lines)).map((grapheme) => {
    const escaped = escapeGrapheme(grapheme, position)
    position = positionAfter(grapheme, position)
    return escaped
  })
  return joinAndCut(pieces, limit)
}

/** Plain text (for an alternative text, where no markup is read), cut like `escapeAndCut`. */
export function cutPlain(text: string, limit: number): string {
  return joinAndCut(graphemesOf(tidy(text)), limit)
}

function graphemesOf(text: string): string[] {
  return Array.from(new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text), ({ segment }) => segment)
}

function joinAndCut(pieces: readonly string[], limit: number): string {
  let joined = ''
  let uncut = ''
  for (const piece of pieces) {
    joined += piece
    if (joined.length > limit) return `${uncut.trimEnd()}…`
    if (joined.length < limit) uncut = joined
  }
  return joined
}

/** Where in a line a grapheme is; `number`: after digits at its start. */
type LinePosition = 'start' | 'number' | 'inside'

function escapeGrapheme(grapheme: string, position: LinePosition): string {
  // Lists and subtext begin with these, but only where a line does.
  if (position === 'start' && /^[-+]/.test(grapheme)) return `\\${grapheme.replaceAll(special, String.raw`\$&`)}`
  if (position === 'number' && /^[.)]/.test(grapheme)) return `\\${grapheme}`
  return grapheme.replaceAll(special, String.raw`\$&`)
}

function positionAfter(grapheme: string, position: LinePosition): LinePosition {
  if (grapheme === '\n') return 'start'
  if (position === 'start' && /^\s+$/.test(grapheme)) return 'start'
  if (position !== 'inside' && /^\d$/.test(grapheme)) return 'number'
  return 'inside'
}
