import type { ChaosSandbox } from '../sandbox/sandbox.ts'
import { Observer } from './observer.ts'
import type { PlannedRequest } from './request-plan.ts'

/** A request that a member has made, and what the member sees of it. */
export interface MadeRequest extends PlannedRequest {
  /** Milliseconds since the epoch. */
  madeAt: number
  guildId: string
  observer: Observer
  /** Has the member pressed Cancel? */
  pressedCancel: boolean
}

/** Makes the request through the local Discord; undefined while no bot is connected. */
export async function makeRequest(plan: PlannedRequest, sandbox: ChaosSandbox): Promise<MadeRequest | undefined> {
  const madeAt = Date.now()
  const { prompt, duration, provider, images, member } = plan
  const command = images.image === undefined ? 'film' : 'animate'
  const interactionId = await sandbox.run(member, { command, options: { prompt, duration, ...(provider && { provider }) }, images })
  if (interactionId === undefined) return undefined
  let done = plan.memberAction === undefined
  const act = async (replyId: string) => {
    if (plan.memberAction === 'cancel') made.pressedCancel = await sandbox.press(member, replyId, 'Cancel')
    else await sandbox.deleteMessage(replyId)
  }
  const observer = new Observer(sandbox, {
    interactionId,
    mark: plan.mark,
    onChange: () => {
      if (done || observer.observation !== 'in progress' || !observer.replyId) return
      done = true
      act(observer.replyId).catch((error: unknown) => console.error(error))
    },
  })
  const made: MadeRequest = { ...plan, madeAt, guildId: sandbox.memberGuilds[member] ?? '', observer, pressedCancel: false }
  return made
}
