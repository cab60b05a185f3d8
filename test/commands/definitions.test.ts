import { ApplicationCommandUpdateRequestSchema } from 'discord-api-spec/zod'
import { describe, expect, test } from 'vitest'

import { animate } from '../../commands/animate.ts'
import { film } from '../../commands/film.ts'
import { readCommands } from '../../commands/index.ts'

const { commands, buttons } = await readCommands()

test.each(commands.map((command) => [command.data.name, command] as const))('/%s is a command that Discord takes', (_name, { data }) => {
  const body: unknown = JSON.parse(JSON.stringify(data.toJSON()))
  expect(ApplicationCommandUpdateRequestSchema.safeParse(body)).toMatchObject({ success: true })
})

describe.each(commands.map((command) => [command.data.name, command] as const))(
  '/%s keeps what Discord asks of options:',
  (_name, command) => {
    const options = (command.data.toJSON().options ?? []).map((option) => ({
      name: option.name,
      required: option.required ?? false,
      choices: 'choices' in option ? (option.choices ?? []) : [],
      autocomplete: 'autocomplete' in option && option.autocomplete === true,
    }))

    test('at most 25, and the required ones first', () => {
      expect(options.length).toBeLessThanOrEqual(25)
      const required = options.map((option) => option.required)
      expect(required).toEqual(required.toSorted((one, other) => Number(other) - Number(one)))
    })

    test('completed by the bot or chosen from a list, never both', () => {
      expect(options.filter(({ autocomplete, choices }) => autocomplete && choices.length > 0)).toEqual([])
    })

    test('completed by the bot only where the command can', () => {
      expect(options.some(({ autocomplete }) => autocomplete)).toBe(command.autocomplete !== undefined)
    })
  },
)

test('commands are for guilds that have the bot', () => {
  for (const { data } of commands) expect(data.toJSON()).toMatchObject({ contexts: [0], integration_types: [0] })
})

test('/animate asks for an image and words, then offers the rest', () => {
  expect(animate.data.toJSON().options).toMatchObject([
    { type: 11, name: 'image', required: true, file_types: ['.png', '.jpg', '.jpeg'] },
    { type: 3, name: 'prompt', required: true, min_length: 2, max_length: 2500 },
    { type: 11, name: 'last_image', required: false, file_types: ['.png', '.jpg', '.jpeg'] },
    { type: 4, name: 'duration', required: false, choices: [{ value: 5 }, { value: 10 }] },
    { type: 3, name: 'negative', required: false, max_length: 2500 },
    { type: 10, name: 'guidance', required: false, min_value: 0, max_value: 1 },
    { type: 3, name: 'provider', required: false, autocomplete: true },
  ])
})

test('/film asks for words, then offers a shape and the rest', () => {
  expect(film.data.toJSON().options?.map(({ name }) => name)).toEqual(['prompt', 'aspect', 'duration', 'negative', 'guidance', 'provider'])
  expect(film.data.toJSON().options?.[1]).toMatchObject({ choices: [{ value: '16:9' }, { value: '9:16' }, { value: '1:1' }] })
})

test('the cancel button answers to its name', () => {
  expect(buttons.map(({ name }) => name)).toEqual(['cancel'])
})
