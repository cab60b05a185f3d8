import type { Text, TextKey } from '../../../src/discord/text/text.ts'

import { writeVariants } from './every-text.ts'
import { writeWholeMessages } from './whole-messages.ts'

const headings: Record<string, string> = {
  card: 'Cards',
  clip: 'The clip',
  charge: 'What a generation without a clip costs',
  outcome: 'Why there is no clip: on the card, for everyone',
  reason: 'Why there is no clip: for the requester alone',
  refusal: 'Refusals',
  feature: 'Options that a provider may not support',
  command: 'Commands',
  option: 'Options of the commands',
  choice: 'Choices of the options',
  button: 'Buttons',
  error: 'Errors',
}

const lead = `# What members read

Every text of \`src/discord/text/english.ts\` with sample values, after some whole messages. A text with plural forms or variants has several lines.
This page is generated: \`npx vitest run test/discord/text --update\`.

## Whole messages
`

/** The page of all texts, under one heading for each group of keys. */
export function pageOfTexts(text: Text, messages: readonly (readonly [TextKey, string])[]): string {
  const groups = Map.groupBy(messages, ([key]) => key.slice(0, key.indexOf('.')))
  const sections = [...groups].map(([group, members]) => {
    const rows = members.map(([key, message]) => `| \`${key}\` | ${writeVariants(text, key, message).join('<br>')} |`)
    return [`## ${headings[group] ?? group}`, '', '| key | text |', '| --- | --- |', ...rows, ''].join('\n')
  })
  return [lead, writeWholeMessages(), ...sections].join('\n')
}
