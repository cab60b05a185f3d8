import { caps } from '../bot/bot-settings.ts'
import type { FaultSchedule } from '../faults/fault-schedule.ts'
import type { MadeRequest } from '../load/member.ts'
import { findRequestMessages, readChannel } from './channel-messages.ts'
import type { Store } from '../shared/store.ts'
import type { Evidence } from './verdict.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'

/** A request is accepted within the first, and a killed bot noticed within the second. */
const acceptanceMs = 3000
const noticeMs = 500

/** Everything that the run is judged by: requested from the local Discord and the providers, and read from the store after the bots have stopped. */
export async function gatherEvidence(
  made: readonly MadeRequest[],
  { sandbox, store, schedule }: { sandbox: ChaosSandbox; store: Store; schedule: FaultSchedule },
): Promise<Evidence> {
  const contents = await store.read()
  const channel = await readChannel(sandbox.discord)
  const lostCreates = await sandbox.lostCreates()
  const references = new Map(contents.generations.map(({ interactionId, reference }) => [interactionId, reference]))
  const requests = made.map(({ observer, madeAt, ...plan }) => {
    const { interactionId, observation } = observer
    return {
      ...plan,
      ...findRequestMessages(channel, { interactionId, mark: plan.mark, reference: references.get(interactionId) }),
      interactionId,
      observation,
      interrupted: schedule.interruptions.some((moment) => moment > madeAt - noticeMs && moment < madeAt + acceptanceMs),
      answerLost: lostCreates.some((body) => body.includes(plan.mark)),
    }
  })
  return {
    requests,
    contents,
    billedJobs: await sandbox.billedJobs(),
    caps,
    insideCreate: schedule.kills.insideCreate,
    interruptions: schedule.interruptions.length,
  }
}
