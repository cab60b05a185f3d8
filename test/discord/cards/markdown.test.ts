import { describe, expect, test } from 'vitest'

import { cutPlain, escapeAndCut, limitLines, tidy } from '../../../src/discord/cards/markdown.ts'

describe('escapeAndCut', () => {
  test.each([
    ['**bold** _it_ ~~no~~', String.raw`\*\*bold\*\* \_it\_ \~\~no\~\~`],
    ['||spoiler|| `code`', String.raw`\|\|spoiler\|\| \`code\``],
    ['@everyone @here <@1> <@&2> <#3>', String.raw`\@everyone \@here \<\@1\> \<\@&2\> \<\#3\>`],
    ['<:cat:123456789012345678> <t:1:R> </film:1>', String.raw`\<:cat:123456789012345678\> \<t:1:R\> \<\/film:1\>`],
    ['[here](https://example.com)', String.raw`\[here\]\(https:\/\/example.com\)`],
    ['discord.gg/abc', String.raw`discord.gg\/abc`],
    ['# head\n## more\n> quote\n>>> all', '\\# head\n\\#\\# more\n\\> quote\n\\>\\>\\> all'],
    ['- item\n  + item\n-# small', '\\- item\n  \\+ item\n\\-\\# small'],
    ['1. one\n 23) two', '1\\. one\n 23\\) two'],
    ['back\\slash \\*', String.raw`back\\slash \\\*`],
    ['well-known 2.5 a+b', 'well-known 2.5 a+b'],
    ['#️⃣ keycap', '\\#️⃣ keycap'],
  ])('shows %j literally', (written, shown) => {
    expect(escapeAndCut(written, 4000)).toBe(shown)
  })

  test('keeps what just fits and cuts what does not', () => {
    expect(escapeAndCut('abcde', 5)).toBe('abcde')
    expect(escapeAndCut('abcdef', 5)).toBe('abcd…')
    expect(escapeAndCut('***', 6)).toBe(String.raw`\*\*\*`)
  })

  test('never cuts between a backslash and what it escapes', () => {
    for (let limit = 2; limit < 40; limit++) {
      const cut = escapeAndCut('*'.repeat(100), limit)
      expect(cut).toMatch(/^(?:\\\*)*…$/)
      expect(cut.length).toBeLessThanOrEqual(limit)
    }
  })

  test('never cuts inside a surrogate pair or a grapheme', () => {
    const family = '👩‍👩‍👧‍👦'
    for (let limit = 1; limit < 60; limit++) {
      const cut = escapeAndCut(family.repeat(10), limit)
      expect(cut.isWellFormed()).toBe(true)
      expect(cut.replaceAll(family, '')).toBe('…')
      expect(cut.length).toBeLessThanOrEqual(limit)
    }
  })

  test('one grapheme longer than the room leaves only the mark of the cut', () => {
    expect(escapeAndCut(`a${'\u0301'.repeat(2500)}`, 300)).toBe('…')
  })

  test('escapes what stands inside a grapheme as well', () => {
    expect(escapeAndCut('\u0600*\u0301', 100)).toBe('\u0600\\*\u0301')
  })
})

test('limitLines lets no prompt grow taller than a card should be', () => {
  expect(limitLines('a\nb\nc', 3)).toBe('a\nb\nc')
  expect(limitLines('a\nb\nc\n\nd', 2)).toBe('a\nb c d')
  expect(escapeAndCut('a\n'.repeat(50), 1000, 2)).toBe(`a\n${'a '.repeat(49).trim()}`)
})

test('tidy drops what would disturb the text around it', () => {
  expect(tidy(' \u202eturned\u2066 \u0000a\r\n\r\n\r\n\r\nb\tc\u0007 ')).toBe('turned a\n\nb c')
  expect(tidy('👩‍👧 stays')).toBe('👩‍👧 stays')
})

test('cutPlain cuts by graphemes without escaping', () => {
  expect(cutPlain('a * b', 5)).toBe('a * b')
  expect(cutPlain('👍🏽👍🏽👍🏽', 9)).toBe('👍🏽👍🏽…')
})
