import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { lockStore, refuseWrite } from '../../support/store/locked-store.ts'
import { openGate } from '../../support/network/gate.ts'
import { testImage } from '../../support/media/test-image.ts'
import { openSilentOrigin } from '../../support/network/silent-origin.ts'
import type { Stage } from './stage.ts'
import type { Step } from './step.ts'

/** From the acknowledgement until the provider makes the clip. */
export const submissionSteps: readonly Step[] = [
  {
    name: 'before the acknowledgement',
    outcome: 'not accepted',
    creates: 0,
    crash: async (stage) => {
      const { faults } = stage.sandbox.discord
      const bot = await stage.start()
      const acknowledgement = faults.hold({ path: /\/callback$/ })
      const interaction = await stage.film()
      await acknowledgement.arrived
      await bot.kill()
      acknowledgement.release()
      return interaction
    },
  },
  {
    name: 'before the reserve',
    outcome: 'not accepted',
    creates: 0,
    crash: async (stage) => {
      const bot = await stage.start()
      const acknowledgement = stage.sandbox.discord.faults.hold({ path: /\/callback$/ })
      const interaction = await stage.film()
      await acknowledgement.arrived
      const unlock = lockStore(stage.sandbox)
      acknowledgement.release()
      await interaction.acknowledged()
      await bot.kill()
      unlock()
      return interaction
    },
  },
  {
    name: 'after the reserve, in the queue',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const bot = await stage.start()
      const allow = refuseWrite(stage.sandbox, 'claim')
      const interaction = await stage.film()
      await interaction.reply(({ text }) => text.includes('Queued'))
      await bot.kill()
      allow()
      return interaction
    },
  },
  {
    name: 'before the submission, while the image goes to the provider',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { discord, providers } = stage.sandbox
      const storage = await openGate(providers.fal.origins.rest)
      storage.hold()
      const bot = await stage.start({ fal: { rest: storage.origin } })
      const image = { name: 'boat.png', bytes: await testImage() }
      const interaction = await discord.member.run('animate', { image, prompt: 'a boat' })
      await storage.answered
      await bot.kill()
      return interaction
    },
  },
  {
    name: 'after the create call left, before the provider has it',
    outcome: 'held',
    creates: 0,
    crash: async (stage) => {
      const queue = await openSilentOrigin()
      const bot = await stage.start({ fal: { queue: queue.origin } })
      const interaction = await stage.film()
      await queue.asked
      await bot.kill()
      return interaction
    },
  },
  {
    name: 'after the provider accepted, before it is stored',
    outcome: 'held',
    creates: 1,
    billedUnknown: true,
    crash: beforeTheAnswerArrives,
  },
  {
    name: 'after the provider accepted, before it is stored, where a webhook announces the job',
    reachable: true,
    outcome: 'posted',
    creates: 1,
    crash: beforeTheAnswerArrives,
  },
  {
    name: 'after the provider accepted, before it is stored, where the same call can be repeated',
    provider: 'runware',
    outcome: 'posted',
    // The second call names the same task, which the provider makes only once.
    creates: 2,
    crash: beforeTheAnswerArrives,
  },
  {
    name: 'after the operation is stored, before the state changes',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const bot = await stage.start()
      const allow = refuseWrite(stage.sandbox, 'rendering')
      const interaction = await stage.film()
      await bot.logged('a generation failed by our own fault')
      await bot.kill()
      allow()
      return interaction
    },
  },
  {
    name: 'while the provider makes the clip',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { jobs } = stage.sandbox.providers.fal
      const bot = await stage.start()
      jobs.hold('completion')
      const interaction = await stage.film()
      await interaction.reply(({ text }) => text.includes('Rendering'))
      await bot.kill()
      jobs.release('completion')
      return interaction
    },
  },
]

/** The provider accepts the job, but its answer never reaches the bot. */
async function beforeTheAnswerArrives(stage: Stage): Promise<Interaction> {
  const { providers } = stage.sandbox
  const gate =
    stage.provider === 'runware'
      ? await openGate(providers.runware.origins.api, 'videoInference')
      : await openGate(providers.fal.origins.queue)
  gate.hold()
  const bot = await stage.start(stage.provider === 'runware' ? { runware: { api: gate.origin } } : { fal: { queue: gate.origin } })
  const interaction = await stage.film()
  await gate.answered
  await bot.kill()
  return interaction
}
