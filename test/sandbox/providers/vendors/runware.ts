import { ETaskType, RunwareServer } from '@runware/sdk-js'
import { expect, onTestFinished } from 'vitest'
import { inspectClip } from '../../../../sandbox/clips/inspect-clip.ts'
import type { StandIns } from '../../../../sandbox/providers/stand-ins.ts'
import { testImage } from '../../../support/media/test-image.ts'
import type { Vendor } from './vendor.ts'

const task = { model: 'klingai:6@1', positivePrompt: 'a fox' }
const image = `data:image/png;base64,${(await testImage()).toString('base64')}`

function clientOf({ runware: { origins, apiKey } }: StandIns): RunwareServer {
  const url = `${origins.socket.replace('http:', 'ws:')}/v1`
  const client = new RunwareServer({ apiKey, url, shouldReconnect: false, globalMaxRetries: 1 })
  onTestFinished(() => client.disconnect())
  return client
}

const video = async (providers: StandIns, more: object = {}) => {
  const made = (await clientOf(providers).videoInference({ ...task, ...more })) as unknown as { taskUUID: string; videoURL: string }[]
  return made[0] ?? expect.unreachable('there is a video')
}

/** The container and the codec of the clip that is served. */
const served = async ({ videoURL }: { videoURL: string }) => {
  const response = await fetch(videoURL)
  const { codec, durationSeconds } = await inspectClip(new Uint8Array(await response.arrayBuffer()))
  return [response.headers.get('content-type'), codec, Math.round(durationSeconds), videoURL.split('.').at(-1)]
}

export const runwareVendor: Vendor = {
  name: 'runware',
  documented: Object.values(ETaskType),
  tried: {
    authentication: async (providers) => {
      await clientOf(providers).ensureConnection()
      expect(providers.runware.requests.list('session')[0]).toMatchObject({ authorization: 'accepted' })
    },
    videoInference: async (providers) => expect(await served(await video(providers))).toEqual(['video/mp4', 'h264', 5, 'mp4']),
    'videoInference (WEBM)': async (providers) =>
      expect(await served(await video(providers, { outputFormat: 'WEBM' }))).toEqual(['video/webm', 'vp9', 5, 'webm']),
    'videoInference (MOV)': async (providers) =>
      expect(await served(await video(providers, { outputFormat: 'MOV' }))).toEqual(['video/quicktime', 'h264', 5, 'mov']),
    getResponse: async (providers) => {
      const { taskUUID } = await video(providers)
      expect(await clientOf(providers).getResponse({ taskUUID })).toMatchObject([{ taskUUID, status: 'success' }])
    },
    getTaskDetails: async (providers) => {
      const { taskUUID, videoURL } = await video(providers)
      expect(await clientOf(providers).getTaskDetails({ taskUUID })).toMatchObject({
        ...{ taskType: 'getTaskDetails', taskUUID, request: [{ ...task, taskUUID }] },
        response: [{ data: [{ taskUUID, videoURL }], error: null }],
      })
    },
    mediaStorage: async (providers) =>
      expect(await clientOf(providers).mediaStorage({ media: image })).toMatchObject({ mediaUUID: expect.any(String) as string }),
    imageUpload: async (providers) =>
      expect(await clientOf(providers).imageUpload({ image })).toMatchObject({ imageUUID: expect.any(String) as string }),
  },
  leftOut: Object.fromEntries(
    Object.values(ETaskType)
      .filter(
        (type) => !['authentication', 'videoInference', 'getResponse', 'getTaskDetails', 'mediaStorage', 'imageUpload'].includes(type),
      )
      .map((type) => [type, 'not about this model']),
  ),
}
