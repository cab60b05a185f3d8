import { z } from 'zod'

import { type StandIns, startStandIns } from '../../sandbox/providers/stand-ins.ts'
import { mp4 } from '../../test/support/media/mp4.ts'
import { answerParent } from '../shared/child.ts'
import { ProvidersOptions } from './providers-options.ts'

let running: StandIns | undefined
let clip = new Uint8Array()

async function start({ speed, clipBytes, neverFinish }: ProvidersOptions) {
  clip = clipOf(clipBytes)
  running = await startStandIns({ clips: { render: () => Promise.resolve(clip) }, speed, unlimited: true })
  for (const { jobs, behavior } of running.all) {
    behavior.balanceUsd = 1e6
    if (neverFinish) jobs.hold('completion')
  }
  return {
    keys: Object.fromEntries(running.all.map(({ keyVariable, apiKey }) => [keyVariable, apiKey])),
    origins: Object.fromEntries(running.all.map(({ id, origins }) => [id, origins])),
  }
}

/** An MP4 of this size, which no player would like but every check of its boxes accepts. */
function clipOf(bytes: number): Uint8Array<ArrayBuffer> {
  const around = mp4({ frames: [Buffer.alloc(0)], uniform: true }).length
  return new Uint8Array(mp4({ frames: [Buffer.alloc(bytes - around, 7)], uniform: true }))
}

function falJobs(): StandIns['fal']['jobs'] {
  if (!running) throw new Error('the providers were not started')
  return running.fal.jobs
}

/** Resolves with the id of the next job once it runs. */
async function nextFalJob(): Promise<string> {
  const jobs = falJobs()
  const known = jobs.list().length
  for (;;) {
    const job = jobs.list()[known]
    if (job?.startedAt !== undefined) return job.id
    await jobs.nextChange()
  }
}

function orderFromFal(webhookUrl: string): void {
  falJobs().submit({ prompt: 'a paper boat', durationSeconds: 5, webhookUrl }, { faults: new Set() })
}

/** Completes the job. Resolves with the moment, in milliseconds of the clock that all processes of a machine share. */
async function finishFalJob(id: string): Promise<number> {
  const jobs = falJobs()
  const job = jobs.get(id)
  if (!job) throw new Error('there is no such job')
  const finished = jobs.reached('succeeded', id)
  jobs.hurry(job)
  await finished
  return Number(process.hrtime.bigint()) / 1e6
}

answerParent({
  start: (options) => start(ProvidersOptions.parse(options)),
  setClipBytes: (bytes) => {
    clip = clipOf(z.number().parse(bytes))
  },
  countStatusCalls: () => running?.all.reduce((sum, { requests }) => sum + requests.count('status'), 0) ?? 0,
  nextFalJob,
  orderFromFal: (webhookUrl) => orderFromFal(z.string().parse(webhookUrl)),
  finishFalJob: (id) => finishFalJob(z.string().parse(id)),
})
