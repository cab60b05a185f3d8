import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

const [header = '', ...entries] = readFileSync(new URL('../docs/decisions.md', import.meta.url), 'utf8').split(/^## /m)
const titleOf = (entry: string) => entry.split('\n')[0] ?? ''

/** The anchor that GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

describe('docs/decisions.md', () => {
  it('lists every entry, in order, in its table of contents', () => {
    const listed = [...header.matchAll(/^\d+\. \[.*\]\(#(.*)\)$/gm)].map(([, anchor]) => anchor)
    expect(listed.length).toBeGreaterThan(0)
    expect(listed).toEqual(entries.map((entry) => anchorOf(titleOf(entry))))
  })

  it.each(entries.map((entry) => [titleOf(entry), entry]))(
    '%s has context, decision and consequence in less than 120 words',
    (_, entry) => {
      for (const part of ['Context', 'Decision', 'Consequence']) expect(entry).toContain(`**${part}.** `)
      expect(entry.split(/\s+/).length).toBeLessThan(120)
    },
  )
})
