/** Removed from cards: control characters, and marks that change the writing direction of the text after them. */
// eslint-disable-next-line no-control-regex -- matches control characters on purpose
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * Starts markup anywhere in a line: emphasis, code, spoilers, mentions, custom emoji, timestamps, links, headings, quotes. An escaped slash breaks
 * bare links and invitations, which Discord detects without markup.
 */
const special = /[\\*_~`|<>#[\]()@/]/g

/** The text without unprintable characters, carriage returns, repeated blank lines and outer white space. */
export function tidy(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(unprintable, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

/** At most `lines` lines; the rest is appended to the last one. */
export function limitLines(text: string, lines: number): string {
  const all = text.split('\n')
  const rest = all.splice(lines - 1).filter(Boolean)
  return [...all, rest.join(' ')].join('\n').trimEnd()
}

/**
 * The text with its markup escaped, at most `limit` UTF-16 units in `lines` lines, ending in “…” if cut. Never cut inside a grapheme (an emoji, a
 * letter with its accents) or between a backslash and the character it escapes. Discord never counts more than UTF-16 units.
 */
export function escapeAndCut(text: string, limit: number, lines = 30): string {
  return joinAndCut(escapeEach(graphemesOf(limitLines(tidy(text), lines))), limit)
}

/** For alternative texts, which have no markup: cut like `escapeAndCut`, but not escaped. */
export function cutPlain(text: string, limit: number): string {
  return joinAndCut(graphemesOf(tidy(text)), limit)
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One at a time: of a long prompt only the beginning is shown. */
function* graphemesOf(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment
}

function* escapeEach(graphemes: Iterable<string>): Generator<string> {
  let position: LinePosition = 'start'
  for (const grapheme of graphemes) {
    yield escapeGrapheme(grapheme, position)
    position = positionAfter(grapheme, position)
  }
}

function joinAndCut(pieces: Iterable<string>, limit: number): string {
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
  // Lists and subtext start with these, only at the start of a line.
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
