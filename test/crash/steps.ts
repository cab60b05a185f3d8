import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import { closeStore, refuseWrite } from '../support/closed-store.ts'
import { openGate } from '../support/gate.ts'
import { testImage } from '../support/sandbox.ts'
import { openSilentOrigin } from '../support/silent-origin.ts'
import type { Stage, StageOptions } from './stage.ts'

/** What the member and the books must see in the end. */
export type Outcome = 'not accepted' | 'posted' | 'refunded' | 'cancelled' | 'held'

/** A moment of a clip's life at which the bot is killed. */
export interface Step extends StageOptions {
  name: string
  outcome: Outcome
  /** How many create calls the provider has got in the end. */
  creates: number
  /** What the provider bills for in the end, where nobody can know it: a held clip that was made all the same. */
  billedUnknown?: boolean
  /** Asks for a clip, and kills the bot at the moment. */
  crash: (stage: Stage) => Promise<Interaction>
}

export const uploads = { method: 'PATCH', when: ({ files }: { files: unknown[] }) => files.length > 0 }
const shows = (words: string) => ({
  method: 'PATCH',
  when: ({ body }: { body: unknown }) => JSON.stringify(body).includes(words),
})

export const steps: readonly Step[] = [
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
      const open = closeStore(stage.sandbox)
      acknowledgement.release()
      await interaction.acknowledged()
      await bot.kill()
      open()
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
      await interaction.reply(({ text }) => text.includes('In line'))
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
      const bot = await stage.start({ fal: { queue: providers.fal.origins.queue, storage: storage.origin } })
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
      const bot = await stage.start({ fal: { queue: queue.origin, storage: stage.sandbox.providers.fal.origins.rest } })
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
    crash: whileTheAnswerIsKept,
  },
  {
    name: 'after the provider accepted, before it is stored, where a webhook tells',
    reachable: true,
    outcome: 'posted',
    creates: 1,
    crash: whileTheAnswerIsKept,
  },
  {
    name: 'after the provider accepted, before it is stored, where the same call can be sent again',
    provider: 'runware',
    outcome: 'posted',
    // The second one names the same task, which the provider makes once.
    creates: 2,
    crash: whileTheAnswerIsKept,
  },
  {
    name: 'after it is stored that the provider accepted, before the state says so',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const bot = await stage.start()
      const allow = refuseWrite(stage.sandbox, 'rendering')
      const interaction = await stage.film()
      await bot.logged('a generation met a fault')
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
      await interaction.reply(({ text }) => text.includes('Making the clip'))
      await bot.kill()
      jobs.release('completion')
      return interaction
    },
  },
  {
    name: 'after the provider is done, before the capture',
    outcome: 'posted',
    creates: 1,
    crash: async (stage) => {
      const { jobs, requests } = stage.sandbox.providers.fal
      const bot = await stage.start()
      jobs.hold('completion')
      const interaction = await stage.film()
      await interaction.reply(({ text }) => text.includes('Making the clip'))
      const open = closeStore(stage.sandbox)
      jobs.release('completion')
      await requests.reached('result')
      await bot.kill()
      open()
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
    name: 'in the middle of the upload, which Discord takes all the same',
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
      await interaction.reply(({ text }) => text.includes('Making the clip'))
      const open = closeStore(stage.sandbox)
      jobs.release('completion')
      await requests.reached('result')
      await bot.kill()
      open()
      return interaction
    },
  },
  {
    name: 'after the release, before anybody is told',
    outcome: 'refunded',
    creates: 1,
    crash: (stage) => beforeTheLastWord(stage, 'a boat sandbox:failed', 'Not made'),
  },
  {
    name: 'after it is held, before anybody is told',
    outcome: 'held',
    creates: 1,
    billedUnknown: true,
    crash: (stage) => beforeTheLastWord(stage, 'a boat sandbox:lost-answer', 'On hold'),
  },
  {
    name: 'after the cancel of a clip in the queue, before anybody is told',
    outcome: 'cancelled',
    creates: 0,
    crash: async (stage) => {
      const { faults, member } = stage.sandbox.discord
      const bot = await stage.start()
      const allow = refuseWrite(stage.sandbox, 'claim')
      const interaction = await stage.film()
      const card = await interaction.reply(({ text }) => text.includes('In line'))
      const told = faults.hold(shows('Cancelled'))
      await member.press(card, 'Cancel')
      await told.arrived
      await bot.kill()
      allow()
      faults.failNext(shows('Cancelled'), 'reset')
      told.release()
      return interaction
    },
  },
  {
    name: 'after the wish to cancel, before the provider knows of it',
    outcome: 'cancelled',
    creates: 1,
    crash: async (stage) => {
      const { discord, providers } = stage.sandbox
      const { jobs, origins } = providers.fal
      const queue = await openGate(origins.queue)
      const bot = await stage.start({ fal: { queue: queue.origin, storage: origins.rest } })
      jobs.hold('completion')
      const interaction = await stage.film()
      const card = await interaction.reply(({ text }) => text.includes('Making the clip'))
      await providers.fal.refuseConnections('queue')
      await discord.member.press(card, 'Cancel')
      await interaction.reply(({ text }) => text.includes('Cancelling'))
      await bot.kill()
      await providers.fal.acceptConnections('queue')
      return interaction
    },
  },
]

/** The provider has made the job, and its answer never reaches the bot. */
async function whileTheAnswerIsKept(stage: Stage): Promise<Interaction> {
  const { providers } = stage.sandbox
  const gate = await openGate(stage.provider === 'runware' ? providers.runware.origins.api : providers.fal.origins.queue)
  gate.hold()
  const bot = await stage.start(
    stage.provider === 'runware' ? { runware: { api: gate.origin } } : { fal: { queue: gate.origin, storage: providers.fal.origins.rest } },
  )
  const interaction = await stage.film()
  await gate.answered
  await bot.kill()
  return interaction
}

/** The end is written down, and the message that tells of it does not arrive. */
async function beforeTheLastWord(stage: Stage, prompt: string, words: string): Promise<Interaction> {
  const { faults } = stage.sandbox.discord
  const told = faults.hold(shows(words))
  const bot = await stage.start()
  const interaction = await stage.film({ prompt })
  await told.arrived
  await bot.kill()
  faults.failNext(shows(words), 'reset')
  told.release()
  return interaction
}
