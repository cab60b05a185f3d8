import { Events } from 'discord.js'
import { describe, expect, onTestFinished, test } from 'vitest'

import { InterruptedByRestart } from '../../../src/discord/interactions/replies.ts'
import { Refusal } from '../../../src/domain/refusal.ts'
import { refusals, type ScriptedAnswer } from '../../support/discord/scripted-discord.ts'
import { followUps, reply } from '../support/delivery-stage.ts'
import { buttonPayload, commandPayload } from '../support/interaction-payloads.ts'
import { callback, ephemeral, useInteractionsStage } from '../support/interactions-stage.ts'

const stage = useInteractionsStage()

const exhausted = { wallet: 'guild', period: 'day', price: 350_000, remaining: 0, resetsAt: 1 } as const
const privateReply = { type: 4, data: { flags: ephemeral, allowed_mentions: { parse: [] } } }
const containing = (text: string) => expect.stringContaining(text) as string

describe('a slash command', () => {
  test('is acknowledged in public, then executed', async () => {
    await stage.send(commandPayload('clap'))
    const { body, authorization } = await stage.discord.call('POST', callback)
    expect(body).toMatchObject({ type: 5 })
    expect(body['data']).not.toMatchObject({ flags: ephemeral })
    expect(authorization).toBeUndefined()
    expect(stage.executed).toHaveLength(1)
    expect(stage.calls()).toEqual(['POST callback'])
  })

  test('refused by its check: one ephemeral reply', async () => {
    stage.check = () => {
      throw new Refusal('prompt-empty')
    }
    await stage.send(commandPayload('clap'))
    const { body } = await stage.discord.call('POST', callback)
    expect(body).toMatchObject({ ...privateReply, data: { ...privateReply.data, content: containing('prompt is empty') } })
    expect(stage.calls()).toEqual(['POST callback'])
    expect(stage.executed).toEqual([])
    expect(stage.captured.lines).toEqual([containing('"reason":"prompt-empty","msg":"refused"')])
  })

  test('refused later: an ephemeral follow-up, then the placeholder is deleted', async () => {
    stage.execute = () => Promise.reject(new Refusal('budget-exhausted', exhausted))
    await stage.send(commandPayload('clap'))
    expect(stage.calls()).toEqual(['POST callback', 'PATCH @original', 'POST follow-up', 'DELETE @original'])
    expect((await stage.discord.call('POST', followUps)).body).toMatchObject({ flags: ephemeral, content: containing('budget') })
    expect(stage.captured.lines).toEqual([containing('"reason":"budget-exhausted","msg":"budget exhausted"')])
  })

  test('that fails: the member gets the reference of the log line', async () => {
    stage.execute = () => Promise.reject(new TypeError('contains a secret prompt'))
    await stage.send(commandPayload('clap'))
    const { body } = await stage.discord.call('POST', followUps)
    const reference = /`([0-9a-f]{8})`/.exec(String(body['content']))?.[1]
    expect(body).toMatchObject({ flags: ephemeral })
    expect(JSON.parse(stage.captured.lines[0] ?? '')).toMatchObject({ level: 50, reference, failure: { name: 'TypeError' } })
    expect(stage.captured.text()).not.toContain('secret prompt')
    expect(stage.calls()).toEqual(['POST callback', 'PATCH @original', 'POST follow-up', 'DELETE @original'])
  })

  test.each<[string, ScriptedAnswer]>([
    ['whose connection broke', { status: 200, reset: true }],
    ['that met a fault of Discord', refusals.unavailable],
  ])('refused in a response %s reads the refusal all the same', async (_case, response) => {
    stage.check = () => {
      throw new Refusal('prompt-empty')
    }
    stage.discord.answerOnce('POST', callback, response)
    await stage.send(commandPayload('clap'))
    expect(stage.calls()).toEqual(['POST callback', 'POST callback'])
    expect((await stage.discord.call('POST', callback, 1)).body).toMatchObject(privateReply)
    expect(stage.captured.lines).toEqual([containing('"reason":')])
  })

  test('whose check fails is answered before any acknowledgement', async () => {
    stage.check = () => {
      throw new TypeError('broken')
    }
    await stage.send(commandPayload('clap'))
    expect((await stage.discord.call('POST', callback)).body).toMatchObject(privateReply)
    expect(stage.executed).toEqual([])
  })

  test('that cannot be answered after its failure is logged', async () => {
    stage.execute = () => Promise.reject(new Refusal('prompt-empty'))
    for (const [method, path] of [
      ['PATCH', reply],
      ['POST', followUps],
      ['PATCH', reply],
    ] as const)
      stage.discord.answerOnce(method, path, refusals.invalidWebhookToken)
    await stage.send(commandPayload('clap'))
    expect(stage.captured.text()).toContain('failure not shown to the member')
    expect(stage.captured.text()).toContain('50027')
  })

  test('unknown to this version is answered and logged', async () => {
    await stage.send(commandPayload('gone'))
    expect((await stage.discord.call('POST', callback)).body).toMatchObject(privateReply)
    expect(stage.captured.text()).toContain('npm run register')
  })
})

describe('an acknowledgement', () => {
  test.each([
    [refusals.unknownInteraction, 'too late', 10062],
    [refusals.alreadyAcknowledged, 'already acknowledged', 40060],
  ])('that Discord rejects (%o) is logged, and the command is not executed', async (response, words, code) => {
    stage.discord.answerOnce('POST', callback, response)
    await stage.send(commandPayload('clap'))
    expect(stage.executed).toEqual([])
    expect(stage.calls()).toEqual(['POST callback'])
    expect(JSON.parse(stage.captured.lines[0] ?? '')).toMatchObject({ msg: containing(words), failure: { code } })
  })

  test.each<[string, ScriptedAnswer]>([
    ['whose connection broke', { status: 200, reset: true }],
    ['that met a fault of Discord', refusals.unavailable],
  ])('%s after it had arrived counts as a success', async (_case, response) => {
    stage.discord.answerOnce('POST', callback, response)
    stage.discord.answerOnce('POST', callback, refusals.alreadyAcknowledged)
    stage.execute = () => Promise.reject(new Refusal('budget-exhausted', exhausted))
    await stage.send(commandPayload('clap'))
    // The bot knows of the placeholder: without content, the follow-up would take its place.
    expect(stage.calls()).toEqual(['POST callback', 'POST callback', 'PATCH @original', 'POST follow-up', 'DELETE @original'])
    expect(stage.captured.lines).toEqual([containing('"reason":')])
  })

  test('whose connection broke before it arrived is retried', async () => {
    stage.discord.answerOnce('POST', callback, { status: 200, reset: true })
    await stage.send(commandPayload('clap'))
    expect(stage.executed).toHaveLength(1)
    expect(stage.calls()).toEqual(['POST callback', 'POST callback'])
  })
})

describe('a stop', () => {
  test('answers new commands privately, without executing them', async () => {
    await stage.interactions.drain()
    await stage.send(commandPayload('clap'))
    const { body } = await stage.discord.call('POST', callback)
    expect(body).toMatchObject({ type: 4, data: { flags: ephemeral, content: containing('restarting') } })
    expect(stage.executed).toEqual([])
  })

  test('explains itself privately to the member of an interrupted command', async () => {
    stage.execute = () => Promise.reject(new InterruptedByRestart())
    await stage.send(commandPayload('clap'))
    expect(stage.calls()).toEqual(['POST callback', 'PATCH @original', 'POST follow-up', 'DELETE @original'])
    const { body } = await stage.discord.call('POST', followUps)
    expect(body).toMatchObject({ flags: ephemeral, content: containing('restarting') })
    expect(stage.captured.lines).toEqual([])
  })

  test('waits for interactions that arrive while others are under way', async () => {
    const first = Promise.withResolvers<undefined>()
    const begun = Promise.withResolvers<undefined>()
    stage.execute = () => {
      begun.resolve(undefined)
      return first.promise
    }
    stage.discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
    await begun.promise
    let drained = false
    const draining = stage.interactions.drain().then(() => (drained = true))
    const release = stage.discord.hold('POST', callback)
    onTestFinished(release)
    const received = new Promise((resolve) => stage.client.once(Events.InteractionCreate, resolve))
    stage.discord.dispatch('INTERACTION_CREATE', commandPayload('clap'))
    await received
    await stage.discord.call('POST', callback, 1)
    first.resolve(undefined)
    await new Promise(setImmediate)
    expect(drained).toBe(false)
    release()
    await draining
    expect((await stage.discord.call('POST', callback, 1)).body).toMatchObject(privateReply)
  })
})

describe('a button', () => {
  test('is acknowledged without a visible change and receives its argument', async () => {
    await stage.send(buttonPayload('stop:0196a1b2:more'))
    expect((await stage.discord.call('POST', callback)).body).toMatchObject({ type: 6 })
    expect(stage.executed).toEqual(['0196a1b2:more'])
  })

  test('refused: an ephemeral follow-up, and the card stays', async () => {
    stage.execute = () => Promise.reject(new Refusal('not-your-generation'))
    await stage.send(buttonPayload('stop:0196a1b2'))
    expect(stage.calls()).toEqual(['POST callback', 'POST follow-up'])
    expect((await stage.discord.call('POST', followUps)).body).toMatchObject({ flags: ephemeral })
  })

  test('refused while Discord has a fault: the follow-up is repeated', async () => {
    stage.execute = () => Promise.reject(new Refusal('not-your-generation'))
    stage.discord.answerOnce('POST', followUps, refusals.unavailable)
    stage.discord.dispatch('INTERACTION_CREATE', buttonPayload('stop:0196a1b2'))
    expect((await stage.discord.call('POST', followUps, 1)).body).toMatchObject({ flags: ephemeral })
  })

  test('unknown to this version is answered', async () => {
    await stage.send(buttonPayload('vanished:1'))
    expect((await stage.discord.call('POST', callback)).body).toMatchObject(privateReply)
  })
})
