import { caps } from './bot-settings.ts'
import type { Fate } from './fault-schedule.ts'
import type { MadeRequest } from './member.ts'
import { findAnnounced, readChannel } from './posted-clips.ts'
import type { Store } from './store.ts'
import type { Evidence } from './verdict.ts'
import type { World } from './world.ts'

/** A request is accepted within this time, and a death is noticed within that. */
const acceptanceMs = 3000
const noticeMs = 500

/** Everything that the run is judged by: asked of the local Discord and the providers over HTTP, and read from the store of bots that have ended. */
export async function gatherEvidence(
  made: readonly MadeRequest[],
  { world, store, fate }: { world: World; store: Store; fate: Fate },
): Promise<Evidence> {
  const contents = await store.read()
  const channel = await readChannel(world.discord)
  const lostCreates = await world.lostCreates()
  const references = new Map(contents.generations.map(({ interactionId, reference }) => [interactionId, reference]))
  const requests = made.map(({ observer, madeAt, ...plan }) => {
    const { interactionId, observation } = observer
    return {
      ...plan,
      ...findAnnounced(channel, { interactionId, mark: plan.mark, reference: references.get(interactionId) }),
      interactionId,
      observation,
      interrupted: fate.interruptions.some((moment) => moment > madeAt - noticeMs && moment < madeAt + acceptanceMs),
      answerLost: lostCreates.some((body) => body.includes(plan.mark)),
    }
  })
  return {
    requests,
    contents,
    orders: await world.orders(),
    caps,
    insideCreate: fate.killings.insideCreate,
    interruptions: fate.interruptions.length,
  }
}
