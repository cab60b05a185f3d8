import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { videoTask } from '../customers.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const text = expect.any(String) as string

describe('over WebSocket', () => {
  async function connect(path = '/v1?sdk=js') {
    const socket = new WebSocket(context.providers.runware.origins.socket.replace('http:', 'ws:') + path)
    onTestFinished(() => {
      socket.terminate()
    })
    await once(socket, 'open')
    const ask = async (...tasks: object[]) => {
      socket.send(JSON.stringify(tasks))
      const [message] = (await once(socket, 'message')) as [Buffer]
      return JSON.parse(message.toString()) as Record<string, unknown>
    }
    return { socket, ask }
  }
  const authentication = { taskType: 'authentication' }

  test('a connection must authenticate with the key', async () => {
    const { ask } = await connect()
    expect(await ask(videoTask())).toMatchObject({ errors: [{ code: 'invalidApiKey', taskType: 'videoInference' }] })
    expect(await ask({ ...authentication, apiKey: 'wrong' })).toMatchObject({
      errors: [{ code: 'invalidApiKey', taskType: 'authentication' }],
    })
    const { apiKey } = context.providers.runware
    expect(await ask({ ...authentication, apiKey })).toMatchObject({ data: [{ taskType: 'authentication', connectionSessionUUID: text }] })
    expect(await ask({ taskType: 'ping', ping: true })).toEqual({ data: [{ taskType: 'ping', pong: true }] })
  })

  test('nothing is pushed, faults apply, and a lost response closes the connection', async () => {
    const { runware } = context.providers
    const { ask, socket } = await connect()
    await ask({ ...authentication, apiKey: runware.apiKey })
    runware.faults.add({ kind: 'busy' })
    expect(await ask(videoTask())).toMatchObject({ errors: [{ code: 'rateLimitExceeded' }] })
    const accepted: unknown[] = []
    const task = videoTask()
    expect(await ask(task)).toMatchObject({ data: [{ taskUUID: task.taskUUID }] })
    socket.on('message', (message) => accepted.push(message))
    await runware.jobs.reached('succeeded')
    expect(accepted).toEqual([])
    expect(await ask({ taskType: 'getResponse', taskUUID: task.taskUUID })).toMatchObject({ data: [{ status: 'success' }] })

    const closed = once(socket, 'close')
    socket.send(JSON.stringify([videoTask({ positivePrompt: 'sandbox:lost-answer' })]))
    await closed
    expect(runware.jobs.list()).toHaveLength(2)
  })

  test('other paths are not found', async () => {
    await expect(connect('/v2')).rejects.toThrow('404')
  })
})
