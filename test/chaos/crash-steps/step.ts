import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { Stage, StageOptions } from './stage.ts'

/** How the request must end, for the member and in the ledger. */
export type Outcome = 'not accepted' | 'posted' | 'refunded' | 'cancelled' | 'held'

/** A moment at which the bot is killed. */
export interface Step extends StageOptions {
  name: string
  outcome: Outcome
  /** How many create calls the provider receives in total. */
  creates: number
  /** The provider makes and bills the clip, but the bot cannot know it. */
  billedUnknown?: boolean
  /** Requests a clip and kills the bot at that moment. */
  crash: (stage: Stage) => Promise<Interaction>
}

export const uploads = { method: 'PATCH', when: ({ files }: { files: unknown[] }) => files.length > 0 }
export const shows = (words: string) => ({
  method: 'PATCH',
  when: ({ body }: { body: unknown }) => JSON.stringify(body).includes(words),
})
