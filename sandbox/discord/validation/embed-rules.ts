import { below, type FormIssue, issue, missing } from '../model/form-issues.ts'
import type { Embed } from '../model/message.ts'
import { schemeIssues, webSchemes } from './links.ts'

const maximumCharacters = 6000
/** An embed can also show a file of its own message. */
const mediaSchemes = [...webSchemes, 'attachment']

/** What Discord refuses of a message's embeds although its published schema allows it. Paths begin at the message. */
export function embedIssues(embeds: readonly Embed[]): FormIssue[] {
  const issues = embeds.flatMap((embed, index) => below(['embeds', index], [...fieldIssues(embed), ...linkIssues(embed)]))
  const characters = embeds.reduce((sum, embed) => sum + charactersOf(embed), 0)
  if (characters > maximumCharacters) {
    issues.push(issue(['embeds'], 'MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${maximumCharacters}`))
  }
  return issues
}

function fieldIssues({ fields }: Embed): FormIssue[] {
  return (fields ?? []).flatMap(({ name, value }, index) => [
    ...(name.trim() ? [] : [missing(['fields', index, 'name'])]),
    ...(value.trim() ? [] : [missing(['fields', index, 'value'])]),
  ])
}

function linkIssues({ url, author, image, thumbnail, footer }: Embed): FormIssue[] {
  return [
    ...schemeIssues(url, ['url'], webSchemes),
    ...schemeIssues(author?.url, ['author', 'url'], webSchemes),
    ...schemeIssues(author?.icon_url, ['author', 'icon_url'], mediaSchemes),
    ...schemeIssues(image?.url, ['image', 'url'], mediaSchemes),
    ...schemeIssues(thumbnail?.url, ['thumbnail', 'url'], mediaSchemes),
    ...schemeIssues(footer?.icon_url, ['footer', 'icon_url'], mediaSchemes),
  ]
}

function charactersOf({ title, description, fields, footer, author }: Embed): number {
  const texts = [title, description, footer?.text, author?.name, ...(fields ?? []).flatMap(({ name, value }) => [name, value])]
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
}
