import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { createBehavior } from '../simulation/behavior.ts'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import { createStandInBase, type StandInBase, type StandIn, type StandInContext, openStandIn } from '../stand-in/stand-in.ts'
import { Origins } from '../http/origins.ts'
import { Outputs } from '../stand-in/outputs.ts'
import { answerWithFile, ServedFiles } from '../http/served-files.ts'
import { MediaLibrary } from './media-library.ts'
import { notFound, runwareAnswers, runwareRest } from './rest.ts'
import { RunwareSocket } from './socket.ts'
import { runwareWebhookForm } from './webhook.ts'
import type { TaskRecord } from './task-record.ts'

/** The origins stand for `api.runware.ai`, `ws-api.runware.ai` (with `ws:` for `http:`) and `vm.runware.ai`. */
export type RunwareStandIn = StandIn<'api' | 'socket' | 'media'>

/** Runware's tasks over HTTP and WebSocket, answering as described in the providers' contract. */
export async function startRunware(context: StandInContext): Promise<RunwareStandIn> {
  const apiKey = randomBytes(24).toString('base64url')
  // The wait doubles up to eight seconds.
  const behavior = createBehavior({ webhookRetrySeconds: [1, 2, 4, 8, 8, 8] })
  const files = new ServedFiles()
  const records = new Map<string, TaskRecord>()
  const base: StandInBase = createStandInBase('runware', context, {
    behavior,
    webhookForm: runwareWebhookForm(() => ({ invoice: base.invoice, outputs, records })),
    images: { own: (url) => library.read(url) },
  })
  const library = new MediaLibrary({ files, origin: () => origins.media, closed: base.jobs.closed })
  const outputs = new Outputs({ ...base, origin: () => origins.media, pathWith: (piece) => `/video/ws/5/vi/${piece}.mp4` })
  const origins = {
    get api() {
      return servers.of('api')
    },
    get socket() {
      return servers.of('socket')
    },
    get media() {
      return servers.of('media')
    },
  }

  const tasksContext = { ...base, records, outputs, library, apiKey }
  const answers = runwareAnswers(behavior)
  const socketApp = new Hono<CallEnvironment>()
  addControl(socketApp, base)
  const socketContext: CallContext = { origin: 'socket', ...base, authorization: undefined, answers }
  socketApp.notFound(unknownCall(socketContext, notFound) as Parameters<typeof socketApp.notFound>[0])

  const media = new Hono<CallEnvironment>()
  const mediaContext: CallContext = { origin: 'media', ...base, authorization: undefined, answers }
  addControl(media, base)
  media.get('/video/*', receiveCall('output', mediaContext), (call) => outputs.answer(call.req.path) ?? notFound(call))
  media.get('/media/*', receiveCall('file', mediaContext), (call) => {
    const file = files.get(call.req.path)
    return file ? answerWithFile(file) : notFound(call)
  })
  media.notFound(unknownCall(mediaContext, notFound) as Parameters<typeof media.notFound>[0])

  const socket = new RunwareSocket(tasksContext)
  const servers: Origins<'api' | 'socket' | 'media'> = new Origins(
    { api: runwareRest(tasksContext), socket: socketApp, media },
    context.port,
    {
      socket: (request, connection, head) => socket.upgrade(request, connection, head),
    },
  )
  return await openStandIn(base, { origins, apiKey, servers })
}
