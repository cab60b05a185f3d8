import { z } from 'zod'

import { Observer } from './observer.ts'
import type { PlannedRequest } from './request-plan.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'

const Started = z.object({ interactionId: z.string() })

/** A request that a member has made, and what the member sees of it. */
export interface MadeRequest extends PlannedRequest {
  /** In milliseconds of `performance.now()`. */
  madeAt: number
  observer: Observer
}

/** Makes the request through the local Discord; undefined while no bot is connected. */
export async function makeRequest(plan: PlannedRequest, sandbox: ChaosSandbox): Promise<MadeRequest | undefined> {
  const madeAt = performance.now()
  const { prompt, duration, provider } = plan
  const answer = await post(sandbox, 'run', { command: 'film', options: { prompt, duration, ...(provider && { provider }) } })
  // Without a bot: 503. Right after its death: an error of the local Discord itself.
  if (!answer.ok) return undefined
  const { interactionId } = Started.parse(await answer.json())
  let done = plan.memberAction === undefined
  const observer = new Observer(sandbox, {
    interactionId,
    mark: plan.mark,
    onChange: () => {
      if (done || observer.observation !== 'in progress' || !observer.replyId) return
      done = true
      const act =
        plan.memberAction === 'cancel'
          ? post(sandbox, 'press', { interactionId, button: 'Cancel' })
          : sandbox.deleteMessage(observer.replyId)
      // Has no effect if the bot is dead or the clip is already there.
      act.catch(() => undefined)
    },
  })
  return { ...plan, madeAt, observer }
}

function post({ discord }: ChaosSandbox, act: 'run' | 'press', content: unknown): Promise<Response> {
  return fetch(`${discord.origin}/sandbox/${act}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
}
