import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import type { Button, Command } from './command.ts'

export interface CommandSet {
  commands: readonly Command[]
  buttons: readonly Button[]
}

/** Imports every file in the folder, and in its folder `private`, and collects the commands and buttons that they export. */
export async function loadCommands(folder: URL): Promise<CommandSet> {
  const commands = new Map<string, Command>()
  const buttons = new Map<string, Button>()
  for (const file of globSync(['*.ts', 'private/*.ts'], { cwd: fileURLToPath(folder) }).sort()) {
    for (const handler of await handlersIn(new URL(file, folder))) {
      if (isCommand(handler)) add(commands, handler.data.name, handler)
      else if (isButton(handler)) add(buttons, handler.name, handler)
      else throw new Error(`commands/${file} exports neither a complete command nor a complete button`)
    }
  }
  return { commands: [...commands.values()], buttons: [...buttons.values()] }
}

/** The exports with an `execute`; others are helpers. */
async function handlersIn(file: URL): Promise<unknown[]> {
  const exports: unknown = await import(file.href)
  return Object.values(z.looseObject({}).parse(exports)).filter((value) => Handler.safeParse(value).success)
}

function add<Item>(items: Map<string, Item>, name: string, item: Item): void {
  if (items.has(name)) throw new Error(`two commands or two buttons are called ${name}`)
  items.set(name, item)
}

function isCommand(value: unknown): value is Command {
  return CommandShape.safeParse(value).success
}

function isButton(value: unknown): value is Button {
  return ButtonShape.safeParse(value).success
}

const callable = z.custom<unknown>((value) => typeof value === 'function')
const Handler = z.looseObject({ execute: callable })
const CommandShape = Handler.extend({
  data: z.looseObject({ name: z.string(), toJSON: callable }),
  acknowledge: z.enum(['defer', 'modal']),
})
const ButtonShape = Handler.extend({ name: z.string(), acknowledge: z.enum(['update', 'modal']) })
