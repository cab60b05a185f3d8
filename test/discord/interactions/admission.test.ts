import { Events } from 'discord.js'
import { expect, test } from 'vitest'

import { Refusal } from '../../../src/domain/refusal.ts'
import { buttonPayload, commandPayload } from '../support/interaction-payloads.ts'
import { callback, ephemeral, useInteractionsStage } from '../support/interactions-stage.ts'

const stage = useInteractionsStage({ admissionLimits: { interactions: 2, imageBytes: 1000 } })

const deferred = { type: 5 }
const busy = { type: 4, data: { flags: ephemeral, content: 'The bot is busy with other requests. Try again in a moment.' } }

/** Commands and buttons end when the returned function is called. */
function holdWork(): () => void {
  const released = Promise.withResolvers<undefined>()
  stage.execute = (argument) => {
    stage.executed.push(argument)
    return released.promise
  }
  return () => released.resolve(undefined)
}

/** Dispatches the event and resolves with the bot's first response to it. */
async function respond(payload: object): Promise<unknown> {
  const place = stage.discord.calls.filter(({ path }) => callback.test(path)).length
  stage.discord.dispatch('INTERACTION_CREATE', payload)
  return (await stage.discord.call('POST', callback, place)).body
}

/** Resolves once what has ended is no longer counted. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

function withImages(...sizes: number[]): object {
  const attachments = Object.fromEntries(sizes.map((size, index) => [String(index + 1), attachment(String(index + 1), size)]))
  return commandPayload('clap', [], { resolved: { attachments } })
}

function attachment(id: string, size: number): object {
  return { id, filename: 'a.png', size, url: 'https://cdn.discordapp.com/a.png', proxy_url: 'https://media.discordapp.net/a.png' }
}

test('what comes beyond the bound is refused in one private response, and the bound frees up', async () => {
  const release = holdWork()
  expect(await respond(commandPayload('clap'))).toMatchObject(deferred)
  expect(await respond(commandPayload('clap'))).toMatchObject(deferred)
  expect(await respond(commandPayload('clap'))).toMatchObject(busy)
  expect(await respond(commandPayload('clap'))).toMatchObject(busy)
  expect(stage.calls()).toHaveLength(4)
  expect(stage.executed).toHaveLength(2)
  release()
  await turn()
  expect(await respond(commandPayload('clap'))).toMatchObject(deferred)
  await stage.interactions.drain()
  expect(stage.executed).toHaveLength(3)
  expect(stage.calls()).toHaveLength(5)
})

test('commands that arrive in one burst are counted before they are acknowledged', async () => {
  const release = holdWork()
  const answer = stage.discord.hold('POST', callback)
  let received = 0
  const all = new Promise<void>((resolve) => {
    const count = () => {
      received += 1
      if (received < 5) return
      stage.client.off(Events.InteractionCreate, count)
      resolve()
    }
    stage.client.on(Events.InteractionCreate, count)
  })
  for (let index = 0; index < 5; index += 1) stage.discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
  await all
  answer()
  const drained = stage.interactions.drain()
  release()
  await drained
  const types = stage.discord.calls.map(({ body }) => body['type'])
  expect(types.sort()).toEqual([4, 4, 4, 5, 5])
  expect(stage.executed).toHaveLength(2)
})

test.each<[string, () => Promise<unknown>]>([
  ['fails', () => Promise.reject(new TypeError('broken'))],
  ['is refused', () => Promise.reject(new Refusal('prompt-empty'))],
])('a command that %s frees its place', async (_, execute) => {
  stage.execute = async () => {
    await execute()
  }
  for (let index = 0; index < 3; index += 1) {
    expect(await respond(commandPayload('clap'))).toMatchObject(deferred)
    await stage.discord.call('DELETE', /@original$/, index)
  }
  await stage.interactions.drain()
})

test('a command beyond the bound is not checked: a check takes from the allowance of the member', async () => {
  const release = holdWork()
  let checked = 0
  stage.check = () => {
    checked += 1
  }
  for (let index = 0; index < 3; index += 1) await respond(commandPayload('clap'))
  expect(checked).toBe(2)
  release()
  await stage.interactions.drain()
})

test('a command whose check refuses frees its place', async () => {
  const release = holdWork()
  await respond(commandPayload('clap'))
  stage.check = () => {
    throw new Refusal('prompt-empty')
  }
  for (let index = 0; index < 2; index += 1)
    expect(await respond(commandPayload('clap'))).toMatchObject({
      type: 4,
      data: { content: expect.stringContaining('prompt is empty') as string },
    })
  release()
  await stage.interactions.drain()
})

test('images count by their bytes: one too large for the rest is refused, one that fits is not', async () => {
  const release = holdWork()
  expect(await respond(withImages(300, 300))).toMatchObject(deferred)
  expect(await respond(withImages(401))).toMatchObject(busy)
  expect(await respond(withImages(400))).toMatchObject(deferred)
  release()
  await turn()
  // Alone, an image has only its own limits.
  expect(await respond(withImages(5000))).toMatchObject(deferred)
  await stage.interactions.drain()
})

test('buttons have their own bound: a cancel does not wait for new requests', async () => {
  const release = holdWork()
  for (let index = 0; index < 2; index += 1) await respond(commandPayload('clap'))
  for (let index = 0; index < 2; index += 1) expect(await respond(buttonPayload('stop:1'))).toMatchObject({ type: 6 })
  expect(await respond(buttonPayload('stop:1'))).toMatchObject(busy)
  release()
  await stage.interactions.drain()
})

test('a stop answers all: those under way when they end, and new ones with the restart', async () => {
  const release = holdWork()
  for (let index = 0; index < 3; index += 1) await respond(commandPayload('clap'))
  const drained = stage.interactions.drain()
  expect(await respond(commandPayload('clap'))).toMatchObject({
    type: 4,
    data: { content: expect.stringContaining('restarting') as string },
  })
  release()
  await drained
  expect(stage.executed).toHaveLength(2)
})

test('refusals of one burst are one log line', async () => {
  const release = holdWork()
  for (let index = 0; index < 5; index += 1) await respond(commandPayload('clap'))
  expect(stage.captured.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 40, commands: 2, refused: 1, msg: 'more interactions at once than can be accepted: refused privately' },
  ])
  release()
  await stage.interactions.drain()
})
