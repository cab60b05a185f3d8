import { expect } from 'vitest'

import { allProviders, reconcile } from '../../sandbox/reconciliation.ts'
import { showsClip } from '../chaos/shown-clip.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'
import { countRows, readGeneration } from '../support/store-reader.ts'
import type { Stage } from './stage.ts'
import type { Step } from './steps.ts'

const price = 350_000

/** Waits for the end that must come, and then looks at everything that can be seen from outside. */
export async function expectOutcome(
  stage: Stage,
  interaction: Interaction,
  step: Pick<Step, 'outcome' | 'creates' | 'billedUnknown'>,
): Promise<void> {
  const { sandbox, provider } = stage
  await lastWord(stage, interaction, step.outcome)
  if (step.billedUnknown) await sandbox.providers[provider].jobs.reached('finished')
  // The clean stop writes down what is under way; whatever would be said twice is said by then.
  await stage.stop()

  const posted = sandbox.discord.guild.channel.messages().filter(({ components }) => showsClip(components))
  expect(posted.map(({ attachments }) => attachments.length)).toEqual(step.outcome === 'posted' ? [1] : [])
  expect(sandbox.providers[provider].requests.count('create')).toBe(step.creates)
  const books = await reconcile(sandbox)
  if (step.outcome === 'not accepted') {
    expect(countRows(sandbox, 'generations')).toBe(0)
    expect(books).toMatchObject({ spent: 0, reserved: 0, invoiced: 0 })
    return
  }
  expect(readGeneration(sandbox, interaction).attempts).toBeLessThanOrEqual(1)
  const seen = { ...readGeneration(sandbox, interaction), ...books }
  expect(seen).toMatchObject(booked[step.outcome](step.billedUnknown ?? false))
  const jobs = allProviders(sandbox.providers).flatMap(({ jobs: each }) => each.list())
  expect(jobs.length).toBeLessThanOrEqual(1)
}

const nothing = { spent: 0, reserved: 0, invoiced: 0 }
const booked = {
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

async function lastWord(stage: Stage, interaction: Interaction, outcome: Step['outcome']): Promise<ShownMessage | undefined> {
  const { channel } = stage.sandbox.discord.guild
  switch (outcome) {
    case 'posted':
      // The clip may have been there already when the bot was killed.
      await stage.logged('clip posted')
      return channel.message(({ components }) => showsClip(components))
    case 'refunded':
      return interaction.reply(({ text }) => /\*\*Not made\*\*.*Nothing was charged/s.test(text))
    case 'cancelled':
      return interaction.reply(({ text }) => /\*\*Cancelled\*\*.*Nothing was charged/s.test(text))
    case 'held':
      return interaction.reply(({ text }) => /\*\*On hold\*\*.*stays set aside/s.test(text))
    case 'not accepted':
      return undefined
  }
}
