import { expect } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { showsClip } from '../shared/shown-clip.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { countRows, readGeneration } from '../../support/store/store-reader.ts'
import type { Stage } from './stage.ts'
import type { Step } from './step.ts'

const price = 350_000

/** Waits for the expected outcome, then checks everything that is visible from outside. */
export async function expectOutcome(
  stage: Stage,
  interaction: Interaction,
  step: Pick<Step, 'outcome' | 'creates' | 'billedUnknown'>,
): Promise<void> {
  const { sandbox, provider } = stage
  await waitForOutcome(stage, interaction, step.outcome)
  if (step.billedUnknown) await sandbox.providers[provider].jobs.reached('finished')
  // By the end of a clean stop, anything that would be sent twice has been sent.
  await stage.stop()

  const posted = sandbox.discord.guild.channel.messages().filter(({ components }) => showsClip(components))
  expect(posted.map(({ attachments }) => attachments.length)).toEqual(step.outcome === 'posted' ? [1] : [])
  expect(sandbox.providers[provider].requests.count('create')).toBe(step.creates)
  const reconciled = await reconcile(sandbox)
  if (step.outcome === 'not accepted') {
    expect(countRows(sandbox, 'generations')).toBe(0)
    expect(reconciled).toMatchObject({ spent: 0, reserved: 0, invoiced: 0 })
    return
  }
  expect(readGeneration(sandbox, interaction).attempts).toBeLessThanOrEqual(1)
  const stored = { ...readGeneration(sandbox, interaction), ...reconciled }
  expect(stored).toMatchObject(expected[step.outcome](step.billedUnknown ?? false))
  const jobs = sandbox.providers.all.flatMap(({ jobs: each }) => each.list())
  expect(jobs.length).toBeLessThanOrEqual(1)
}

const nothing = { spent: 0, reserved: 0, invoiced: 0 }
const expected = {
  posted: () => ({
    state: 'done',
    ledger: expect.stringMatching(/^reserve( hold)? capture$/) as string,
    spent: price,
    reserved: 0,
    invoiced: price,
  }),
  refunded: () => ({ state: 'failed', ledger: 'reserve release', ...nothing }),
  cancelled: () => ({ state: 'cancelled', ledger: 'reserve release', ...nothing }),
  held: (billed: boolean) => ({ state: 'held', ledger: 'reserve hold', spent: 0, reserved: price, invoiced: billed ? price : 0 }),
}

async function waitForOutcome(stage: Stage, interaction: Interaction, outcome: Step['outcome']): Promise<ShownMessage | undefined> {
  const { channel } = stage.sandbox.discord.guild
  switch (outcome) {
    case 'posted':
      // The clip may already have been posted when the bot was killed.
      await stage.logged('clip posted')
      return channel.message(({ components }) => showsClip(components))
    case 'refunded':
      return interaction.reply(({ text }) => /\*\*Failed\*\*.*No charge/s.test(text))
    case 'cancelled':
      return interaction.reply(({ text }) => /\*\*Cancelled\*\*.*No charge/s.test(text))
    case 'held':
      return interaction.reply(({ text }) => /\*\*On hold\*\*.*stays reserved/s.test(text))
    case 'not accepted':
      return undefined
  }
}
