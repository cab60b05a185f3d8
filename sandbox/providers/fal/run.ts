import type { Routes } from '../http/routes.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { createRequest, falModel, respondWithResult } from './queue.ts'
import { notFound } from './responses.ts'

/** `fal.run`: runs a request and responds with its result. A client that hangs up leaves it running, and billed. */
export function falRun(context: StandInBase<'run'>): Routes {
  const routes = context.routes('run', { authorization: `Key ${context.apiKey}`, notFound })
  routes.app.post(`${falModel}/:operation`, routes.on('create'), async (call) => {
    const job = await createRequest(call, context)
    return job instanceof Response ? job : respondWithResult(call, await context.jobs.reached('finished', job.id), context)
  })
  return routes
}
