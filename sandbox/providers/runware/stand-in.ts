import { randomBytes } from 'node:crypto'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { MediaLibrary } from './media-library.ts'
import { notFound, refuse, runwareRest } from './rest.ts'
import { RunwareSocket } from './socket.ts'
import type { TaskRecord } from './task-record.ts'
import { runwareWebhookForm } from './webhook.ts'

/** The origins stand for `api.runware.ai`, `ws-api.runware.ai` (with `ws:` for `http:`) and `vm.runware.ai`. */
export type RunwareStandIn = StandIn<'api' | 'socket' | 'media'>

export function startRunware(context: StandInContext): Promise<RunwareStandIn> {
  const records = new Map<string, TaskRecord>()
  return createStandIn(context, {
    id: 'runware',
    keyVariable: 'RUNWARE_API_KEY',
    apiKey: randomBytes(24).toString('base64url'),
    // The interval doubles up to eight seconds.
    behavior: { webhookRetrySeconds: [1, 2, 4, 8, 8, 8] },
    refuse,
    outputs: { origin: 'media', path: (unguessable, format) => `/video/ws/5/vi/${unguessable}.${format}` },
    webhookForm: (base) => runwareWebhookForm({ ...base, records }),
    routes: (base) => {
      const { files, outputs } = base
      const tasksContext = { ...base, records, library: new MediaLibrary(base) }
      const socket = new RunwareSocket(tasksContext)
      const media = base.routes('media', { notFound })
      media.app.get('/video/*', media.on('output'), (call) => outputs.respond(call.req.path) ?? notFound(call))
      media.app.get('/media/*', media.on('file'), (call) => files.respond(call.req.url) ?? notFound(call))
      return {
        api: runwareRest(tasksContext),
        socket: { ...base.routes('socket', { notFound }), upgrade: (...connection) => socket.upgrade(...connection) },
        media,
      }
    },
  })
}
