/** Prompts as long as Discord lets them be, each of what could break a card in its own way. */
export const nastyPrompts = {
  asterisks: '*'.repeat(2500),
  emoji: '👩‍👩‍👧‍👦'.repeat(227),
  newlines: '\n'.repeat(2500),
  'letters between newlines': 'a\n'.repeat(1250),
  everyone: '@everyone '.repeat(250),
  backslashes: '\\'.repeat(2500),
  mentions: '<@1>'.repeat(625),
  links: '[x](https://example.com) discord.gg/abc '.repeat(62),
  headings: '# - 1. > '.repeat(277),
  'accents on one letter': `a${'\u0301'.repeat(2499)}`,
  'plain letters': 'x'.repeat(2500),
}
