import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { type CallEnvironment, type CallParts, receiveCall, unknownCall } from '../call.ts'
import { addControl } from '../control.ts'
import { furnish, type Furniture, type Host, type HostParts, openHost } from '../stand-in.ts'
import { Origins } from '../origins.ts'
import { Outputs } from '../outputs.ts'
import { answerWithFile, ServedFiles } from '../served-files.ts'
import { MediaLibrary } from './media-library.ts'
import { type RunwareConduct, usualRunwareConduct } from './runware-behavior.ts'
import { notFound, runwareAnswers, runwareRest } from './runware-rest.ts'
import { RunwareSocket } from './runware-socket.ts'
import { runwareWebhookForm } from './runware-webhook.ts'
import type { TaskRecord } from './task-record.ts'

/** The origins stand for `api.runware.ai`, `ws-api.runware.ai` (with `ws:` for `http:`) and `vm.runware.ai`. */
export type RunwareHost = Host<'api' | 'socket' | 'media', RunwareConduct>

/** Runware's tasks over HTTP and WebSocket, answering as described in the hosts' contract. */
export async function startRunware(parts: HostParts): Promise<RunwareHost> {
  const apiKey = randomBytes(24).toString('base64url')
  const conduct = usualRunwareConduct()
  const files = new ServedFiles()
  const records = new Map<string, TaskRecord>()
  const furniture: Furniture<RunwareConduct> = furnish('runware', parts, {
    conduct,
    webhookForm: runwareWebhookForm(() => ({ conduct, invoice: furniture.invoice, outputs, records })),
    pictures: { own: (url) => library.read(url) },
  })
  const library = new MediaLibrary({ files, origin: () => origins.media, closed: furniture.jobs.closed })
  const outputs = new Outputs({ ...furniture, origin: () => origins.media, pathWith: (piece) => `/video/ws/5/vi/${piece}.mp4` })
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

  const tasksParts = { ...furniture, records, outputs, library, apiKey }
  const answers = runwareAnswers(conduct)
  const socketApp = new Hono<CallEnvironment>()
  addControl(socketApp, furniture)
  const socketParts: CallParts = { origin: 'socket', ...furniture, authorization: undefined, answers }
  socketApp.notFound(unknownCall(socketParts, notFound) as Parameters<typeof socketApp.notFound>[0])

  const media = new Hono<CallEnvironment>()
  const mediaParts: CallParts = { origin: 'media', ...furniture, authorization: undefined, answers }
  addControl(media, furniture)
  media.get('/video/*', receiveCall('output', mediaParts), (call) => outputs.answer(call.req.path) ?? notFound(call))
  media.get('/media/*', receiveCall('file', mediaParts), (call) => {
    const file = files.get(call.req.path)
    return file ? answerWithFile(file) : notFound(call)
  })
  media.notFound(unknownCall(mediaParts, notFound) as Parameters<typeof media.notFound>[0])

  const socket = new RunwareSocket(tasksParts)
  const servers: Origins<'api' | 'socket' | 'media'> = new Origins({ api: runwareRest(tasksParts), socket: socketApp, media }, parts.port, {
    socket: (request, connection, head) => socket.upgrade(request, connection, head),
  })
  return await openHost(furniture, { origins, apiKey, servers })
}
