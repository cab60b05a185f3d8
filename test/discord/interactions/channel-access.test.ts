import { expect, onTestFinished, test } from 'vitest'

import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { ids } from '../support/example-generation.ts'
import { commandPayload } from '../support/interaction-payloads.ts'
import { useInteractionsStage } from '../support/interactions-stage.ts'

const clock = createSkippableClock()
const stage = useInteractionsStage({ clock, outlivesToken: true })

const metadata = { archived: false, locked: false, auto_archive_duration: 60, archive_timestamp: '2026-05-04T12:00:00.000Z' }
const privateThread = { id: '600000000000000077', type: 12, name: 'secret', guild_id: ids.guild, parent_id: ids.channel }
const open = { ...privateThread, thread_metadata: metadata }
const proof = ['POST callback', 'PATCH @original', `PATCH ${ids.reply}`]

/** Runs the command in the channel; returns the calls up to its execution. */
async function callsIn(channel: object): Promise<string[]> {
  stage.discord.calls.length = 0
  const executed = new Promise((resolve) => {
    stage.execute = () => {
      resolve(undefined)
      return Promise.resolve()
    }
  })
  stage.discord.dispatch('INTERACTION_CREATE', commandPayload('clap', [], { channel, channel_id: privateThread.id }))
  await executed
  return stage.calls()
}

test('access to a private thread is proven again after five minutes', async () => {
  expect(await callsIn(open)).toEqual(proof)
  expect(await callsIn(open)).toEqual(['POST callback'])
  clock.skip(5 * 60_000 + 1)
  expect(await callsIn(open)).toEqual(proof)
})

test('a thread that is archived or locked, or of which that is unknown, is proven each time', async () => {
  const closed = [{ thread_metadata: { ...metadata, archived: true } }, { thread_metadata: { ...metadata, locked: true } }, {}]
  for (const [index, state] of closed.entries()) {
    const publicThread = { ...privateThread, id: `60000000000000010${index}`, type: 11, ...state }
    expect(await callsIn(publicThread)).toEqual(proof)
    expect(await callsIn(publicThread)).toEqual(proof)
  }
})

test('access is proven in a guild that Discord has not sent yet', async () => {
  expect(await callsIn({ ...open, id: '600000000000000066', type: 0, guild_id: '700000000000000009' })).toEqual(proof)
})

test('an open public thread needs no proof', async () => {
  expect(await callsIn({ ...open, id: '600000000000000088', type: 11 })).toEqual(['POST callback'])
})

test('a Discord that does not answer delays the request, but does not end it', async () => {
  onTestFinished(stage.discord.hold('PATCH', /@original$/))
  expect(await callsIn({ ...open, id: '600000000000000099' })).toEqual(['POST callback', 'PATCH @original'])
  expect(stage.captured.text()).toContain('access to a channel not proven')
})
