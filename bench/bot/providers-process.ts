import { z } from 'zod'

import { type StandIns, startStandIns } from '../../sandbox/providers/stand-ins.ts'
import { mp4 } from '../../test/support/media/mp4.ts'
import { answerParent } from '../shared/child.ts'
import type { ProvidersOptions } from './providers.ts'

let running: StandIns | undefined

/** An MP4 of this size, which no player would like but every check of its boxes accepts. */
function clipOf(bytes: number): Uint8Array {
  const around = mp4({ frames: [Buffer.alloc(0)], uniform: true }).length
  return mp4({ frames: [Buffer.alloc(bytes - around, 7)], uniform: true })
}

async function start({ speed, clipBytes }: ProvidersOptions) {
  const clip = clipOf(clipBytes)
  running = await startStandIns({ clips: { render: () => Promise.resolve(clip) }, speed })
  return {
    keys: Object.fromEntries(running.all.map(({ keyVariable, apiKey }) => [keyVariable, apiKey])),
    origins: Object.fromEntries(running.all.map(({ id, origins }) => [id, origins])),
  }
}

answerParent({ start: (options) => start(z.object({ speed: z.number(), clipBytes: z.number() }).parse(options)) })
