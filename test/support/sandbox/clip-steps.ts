import { expect } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { RunOptions } from '../../../sandbox/discord/people/member.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { TestSandbox } from './sandbox.ts'
import { readGeneration } from '../store/store-reader.ts'

export const minute = 60_000
/** How long an interaction's token lives. */
export const quarterHour = 15 * minute

export function film({ discord }: TestSandbox, prompt = 'a boat', options: RunOptions = {}): Promise<Interaction> {
  return discord.member.run('film', { prompt }, options)
}

/** Matches a message by its text. */
export function says(words: RegExp): (message: ShownMessage) => boolean {
  return ({ text }) => words.test(text)
}

/** A clip that the provider has started and will not finish before `jobs.release`. */
export async function renderingClip(
  sandbox: TestSandbox,
  { provider = 'fal', ...options }: RunOptions & { provider?: 'fal' | 'replicate' } = {},
): Promise<{ interaction: Interaction; card: ShownMessage }> {
  sandbox.providers[provider].jobs.hold('completion')
  const interaction = await film(sandbox, 'a boat', options)
  return { interaction, card: await interaction.reply(says(/Rendering/)) }
}

/** Discord refuses every edit of this message until its faults are cleared, so that a new message is needed. */
export function refuseEdits({ discord }: Pick<TestSandbox, 'discord'>, { id }: ShownMessage): void {
  const when = ({ method, path }: { method: string; path: string }) =>
    method === 'PATCH' && (path.endsWith(id) || path.endsWith('original'))
  discord.faults.failNext({ when }, { status: 403, body: { message: 'Missing Permissions', code: 50013 } }, { times: Infinity })
}

/** Stops the bot, then expects this clip to be captured and the ledger to match the invoices. */
export async function expectPaidOnce(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', ledger: 'reserve capture' })
  expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  expect(sandbox.discord.responseProblems).toEqual([])
}

/** Resolves once the condition holds; the test's own timeout ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}
