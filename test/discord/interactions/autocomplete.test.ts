import { describe, expect, test } from 'vitest'

import type { Choice } from '../../../src/discord/interactions/command.ts'
import { refusals } from '../../support/discord/scripted-discord.ts'
import { autocompletePayload } from '../support/interaction-payloads.ts'
import { callback, useInteractionsStage } from '../support/interactions-stage.ts'

const stage = useInteractionsStage()

const typing = (typed: string) => autocompletePayload('clap', [{ name: 'provider', type: 3, value: typed, focused: true }])

async function choices(): Promise<Choice[]> {
  const { body, authorization } = await stage.discord.call('POST', callback)
  expect(authorization).toBeUndefined()
  expect(body).toMatchObject({ type: 8 })
  expect(stage.calls()).toEqual(['POST callback'])
  return (body['data'] as { choices: Choice[] }).choices
}

describe('autocomplete', () => {
  test('responds with the choices of the command, without executing it', async () => {
    stage.choices = (typed) => [{ name: `Provider of ${typed}`, value: typed }]
    await stage.send(typing('fa'))
    expect(await choices()).toEqual([{ name: 'Provider of fa', value: 'fa' }])
    expect(stage.executed).toEqual([])
    expect(stage.captured.lines).toEqual([])
  })

  test('offers no more choices than Discord accepts', async () => {
    stage.choices = () => Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: `${index}` }))
    await stage.send(typing(''))
    expect((await choices()).at(-1)).toEqual({ name: '24', value: '24' })
  })

  test('offers no choices if the command fails, and does not log what was typed', async () => {
    stage.choices = (typed) => {
      throw new TypeError(`cannot complete ${typed}`)
    }
    await stage.send(typing('a secret prompt'))
    expect(await choices()).toEqual([])
    expect(JSON.parse(stage.captured.lines[0] ?? '')).toMatchObject({ level: 50, command: 'clap', failure: { name: 'TypeError' } })
    expect(stage.captured.text()).not.toContain('secret prompt')
  })

  test('offers no choices for an unknown command', async () => {
    await stage.send(autocompletePayload('gone', [{ name: 'provider', type: 3, value: 'x', focused: true }]))
    expect(await choices()).toEqual([])
  })

  test('logs a failed response without what was typed', async () => {
    stage.discord.answerOnce('POST', callback, refusals.unknownInteraction)
    await stage.send(typing('a secret prompt'))
    expect(stage.calls()).toEqual(['POST callback'])
    expect(stage.captured.lines).toHaveLength(1)
    expect(JSON.parse(stage.captured.lines[0] ?? '')).toMatchObject({ level: 40, failure: { code: 10062 } })
    expect(stage.captured.text()).not.toContain('secret prompt')
  })
})
