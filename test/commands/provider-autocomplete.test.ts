import { describe, expect, test } from 'vitest'

import { autocompletePayload } from '../discord/support/interaction-payloads.ts'
import { imageOption, lastImageOption, useCommands } from './use-commands.ts'

const stage = useCommands()

describe('the provider that is being typed', () => {
  const typing = (value: string) => ({ name: 'provider', type: 3, value, focused: true })

  async function offered(name: string, ...options: object[]): Promise<unknown> {
    await stage.send(autocompletePayload(name, options))
    const { body } = await stage.discord.call('POST', /\/callback$/)
    expect(body).toMatchObject({ type: 8 })
    return (body['data'] as { choices: unknown }).choices
  }

  const [fal, replicate] = [
    { name: 'fal.ai · $0.35 for 5s', value: 'fal' },
    { name: 'Replicate · $0.3525 for 5s', value: 'replicate' },
  ]

  test.each([
    ['', [fal, replicate]],
    ['FA', [fal]],
    [' repl', [replicate]],
    ['fal.ai · $0.35 for 5s', [fal]],
    ['Hollywood', []],
  ])('as %j is completed by name, id or label', async (typed, choices) => {
    expect(await offered('film', typing(typed))).toEqual(choices)
  })

  test('must be able to do what was filled in so far', async () => {
    await offered('film', { name: 'negative', type: 3, value: ' fog ' }, { name: 'guidance', type: 10, value: 0 }, typing(''))
    expect(stage.inputs).toEqual([{ image: false, durationSeconds: 5, lastImage: false, negativePrompt: 'fog', guidance: 0 }])
  })

  test.each([
    [10, 'fal.ai · $0.70 for 10s'],
    ['10', 'fal.ai · $0.70 for 10s'],
    [5, 'fal.ai · $0.35 for 5s'],
    ['ten', 'fal.ai · $0.35 for 5s'],
    ['', 'fal.ai · $0.35 for 5s'],
    [7, 'fal.ai · $0.35 for 5s'],
  ])('has the price of the chosen duration: %j', async (value, name) => {
    const choices = await offered('film', { name: 'duration', type: 4, value }, typing('fal'))
    expect(choices).toEqual([{ name, value: 'fal' }])
  })

  test('for an image that is not there yet must still be able to start from one', async () => {
    await offered('animate', typing(''))
    expect(stage.inputs).toEqual([{ image: true, durationSeconds: 5, lastImage: false, negativePrompt: undefined, guidance: undefined }])
  })

  test('must be able to end on an image that was picked', async () => {
    await offered('animate', imageOption, lastImageOption, typing(''))
    expect(stage.inputs).toMatchObject([{ image: true, lastImage: true }])
  })
})
