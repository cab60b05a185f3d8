import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { lockStore, refuseWrite } from '../../support/store/locked-store.ts'
import { openGate } from '../../support/network/gate.ts'
import type { Stage } from './stage.ts'
import { shows, type Step, uploads } from './step.ts'

/** From the capture until the member has seen the outcome. */
export const outcomeSteps: readonly Step[] = [
  {
    name: 'after the provider is done, before the capture',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { jobs, requests } = stage.sandbox.providers.fal
      const bot = await stage.start()
      jobs.hold('completion')
      const interaction = await stage.film()
      await interaction.reply(({ text }) => text.includes('Rendering'))
      const unlock = lockStore(stage.sandbox)
      jobs.release('completion')
      await requests.reached('result')
      await bot.kill()
      unlock()
      return interaction
    },
  },
  {
    name: 'after the capture, before the download',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { fal } = stage.sandbox.providers
      const bot = await stage.start()
      await fal.refuseConnections('media')
      const interaction = await stage.film()
      await interaction.reply(({ text }) => text.includes('Posting the clip'))
      await bot.kill()
      await fal.acceptConnections('media')
      return interaction
    },
  },
  {
    name: 'in the middle of the download',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { faults, requests } = stage.sandbox.providers.fal
      faults.add({ kind: 'truncated', route: 'output', times: Infinity })
      const bot = await stage.start()
      const interaction = await stage.film()
      await requests.reached('output')
      await bot.kill()
      faults.clear()
      return interaction
    },
  },
  {
    name: 'in the middle of the upload, which Discord drops',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { faults } = stage.sandbox.discord
      const upload = faults.hold(uploads)
      const bot = await stage.start()
      const interaction = await stage.film()
      await upload.arrived
      await bot.kill()
      faults.failNext(uploads, 'reset')
      upload.release()
      return interaction
    },
  },
  {
    name: 'in the middle of the upload, which Discord accepts',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const upload = stage.sandbox.discord.faults.hold(uploads)
      const bot = await stage.start()
      const interaction = await stage.film()
      await upload.arrived
      await bot.kill()
      upload.release()
      return interaction
    },
  },
  {
    name: 'after the provider failed, before the release',
    outcome: 'refunded',
    creates: 1,
    crash: async (stage) => {
      const { jobs, requests } = stage.sandbox.providers.fal
      const bot = await stage.start()
      jobs.hold('completion')
      const interaction = await stage.film({ prompt: 'a boat sandbox:failed' })
      await interaction.reply(({ text }) => text.includes('Rendering'))
      const unlock = lockStore(stage.sandbox)
      jobs.release('completion')
      await requests.reached('result')
      await bot.kill()
      unlock()
      return interaction
    },
  },
  {
    name: 'after the release, before the member is notified',
    outcome: 'refunded',
    creates: 1,
    crash: (stage) => beforeTheOutcomeIsSent(stage, 'a boat sandbox:failed', 'Failed'),
  },
  {
    name: 'after it is held, before the member is notified',
    outcome: 'held',
    creates: 1,
    billedUnknown: true,
    crash: (stage) => beforeTheOutcomeIsSent(stage, 'a boat sandbox:lost-answer', 'On hold'),
  },
  {
    name: 'after the cancel of a clip in the queue, before the member is notified',
    outcome: 'cancelled',
    creates: 0,
    crash: async (stage) => {
      const { faults, member } = stage.sandbox.discord
      const bot = await stage.start()
      const allow = refuseWrite(stage.sandbox, 'claim')
      const interaction = await stage.film()
      const card = await interaction.reply(({ text }) => text.includes('Queued'))
      const message = faults.hold(shows('Cancelled'))
      await member.press(card, 'Cancel')
      await message.arrived
      await bot.kill()
      allow()
      faults.failNext(shows('Cancelled'), 'reset')
      message.release()
      return interaction
    },
  },
  {
    name: 'after the cancel request, before it reaches the provider',
    outcome: 'cancelled',
    creates: 1,
    crash: async (stage) => {
      const { discord, providers } = stage.sandbox
      const { jobs, origins } = providers.fal
      const queue = await openGate(origins.queue)
      const bot = await stage.start({ fal: { queue: queue.origin } })
      jobs.hold('completion')
      const interaction = await stage.film()
      const card = await interaction.reply(({ text }) => text.includes('Rendering'))
      await providers.fal.refuseConnections('queue')
      await discord.member.press(card, 'Cancel')
      await interaction.reply(({ text }) => text.includes('Cancelling'))
      await bot.kill()
      await providers.fal.acceptConnections('queue')
      return interaction
    },
  },
]

/** The outcome is stored, but its message does not arrive. */
async function beforeTheOutcomeIsSent(stage: Stage, prompt: string, words: string): Promise<Interaction> {
  const { faults } = stage.sandbox.discord
  const message = faults.hold(shows(words))
  const bot = await stage.start()
  const interaction = await stage.film({ prompt })
  await message.arrived
  await bot.kill()
  faults.failNext(shows(words), 'reset')
  message.release()
  return interaction
}
