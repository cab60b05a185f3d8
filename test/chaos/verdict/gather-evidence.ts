import { caps } from '../bot/bot-settings.ts'
import type { FaultSchedule } from '../faults/fault-schedule.ts'
import type { MadeRequest } from '../load/member.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'
import type { Store } from '../shared/store.ts'
import { findRequestMessages, readChannel } from '../load/channel-messages.ts'
import type { Evidence } from './evidence.ts'

interface EvidenceSources {
  sandbox: ChaosSandbox
  store: Store
  schedule: FaultSchedule
  guildBudgets: Evidence['guildBudgets']
}

/** Everything that the run is judged by: requested from the local Discord and the providers, and read from the store after the bots have stopped. */
export async function gatherEvidence(
  made: readonly MadeRequest[],
  { sandbox, store, schedule, guildBudgets }: EvidenceSources,
): Promise<Evidence> {
  const contents = await store.read()
  const { api, token } = sandbox.discord
  const messages = (await Promise.all(sandbox.guilds.map(({ channel }) => readChannel({ api, token, channel })))).flat()
  const failedCreates = await sandbox.failedCreates()
  const billedJobs = await sandbox.billedJobs()
  const references = new Map(contents.generations.map(({ interactionId, reference }) => [interactionId, reference]))
  const requests = made.map(({ observer, ...request }) => {
    const { interactionId, observation, refusal } = observer
    const outcomes = failedCreates.filter(({ body }) => body.includes(request.mark)).map(({ outcome }) => outcome)
    const faults = billedJobs.filter(({ prompt }) => prompt.includes(request.mark)).flatMap(({ fault }) => fault ?? [])
    return {
      ...request,
      ...findRequestMessages(messages, { interactionId, mark: request.mark, reference: references.get(interactionId) }),
      interactionId,
      observation,
      refusal,
      deleted: request.memberAction === 'delete-reply' && observer.isDeleted,
      met: {
        disruptions: schedule.disruptions.of(interactionId),
        refused: outcomes.includes('refused'),
        lost: outcomes.includes('lost'),
        jobFault: faults[0],
      },
    }
  })
  const prices = { 5: 350_000, 10: 700_000 }
  return { requests, contents, billedJobs, caps, insideCreate: schedule.kills.insideCreate, guildBudgets, prices }
}
