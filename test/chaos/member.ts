import { z } from 'zod'

import { Observer } from './observer.ts'
import type { PlannedRequest } from './request-plan.ts'
import type { World } from './world.ts'

const Started = z.object({ interactionId: z.string() })

/** A request that a member has made, and what they see of it. */
export interface MadeRequest extends PlannedRequest {
  /** In milliseconds of `performance.now()`. */
  madeAt: number
  observer: Observer
}

/** Makes the request through the local Discord; undefined while no bot is connected, when a member could not make one either. */
export async function makeRequest(plan: PlannedRequest, world: World): Promise<MadeRequest | undefined> {
  const madeAt = performance.now()
  const { prompt, duration, provider } = plan
  const answer = await post(world, 'run', { command: 'film', options: { prompt, duration, ...(provider && { provider }) } })
  // Without a bot: 503; in the moment after its death: an error of the local Discord itself, which had nobody to tell.
  if (!answer.ok) return undefined
  const { interactionId } = Started.parse(await answer.json())
  let done = plan.deed === undefined
  const observer = new Observer(world, {
    interactionId,
    mark: plan.mark,
    onChange: () => {
      if (done || observer.observation !== 'at work' || !observer.replyId) return
      done = true
      const act =
        plan.deed === 'cancels' ? post(world, 'press', { interactionId, button: 'Cancel' }) : world.deleteMessage(observer.replyId)
      // The bot may be dead, or the clip quicker: then nothing comes of it.
      act.catch(() => undefined)
    },
  })
  return { ...plan, madeAt, observer }
}

function post({ discord }: World, act: 'run' | 'press', content: unknown): Promise<Response> {
  return fetch(`${discord.origin}/sandbox/${act}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
}
