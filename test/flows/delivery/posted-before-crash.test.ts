import { expect, it } from 'vitest'

import { createClock } from '../../../src/lib/clock.ts'
import { expectPaidOnce, film, until } from '../../support/sandbox/clip-steps.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isEdit = ({ method, path }: Recorded) => method === 'PATCH' && path.includes('/messages/')
const uploads = { when: (request: Recorded) => isEdit(request) && request.files.length > 0 }

it('a clip that was posted just before a crash is found, and not downloaded again', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' }, clock: createClock(10) })
  const { discord, providers } = sandbox
  // Discord accepts the clip, but its answers are lost until the bot has stopped.
  discord.faults.failNext(uploads, 'reset', { moment: 'after', times: Infinity })
  const interaction = await film(sandbox)
  await finishedCard(interaction)
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering' })
  discord.faults.clear()
  providers.fal.faults.add({ kind: 'output-gone', route: 'output', times: Infinity })
  const before = discord.requests.length
  await sandbox.startBot()
  await until(() => readGeneration(sandbox, interaction).state === 'done')
  expect(discord.requests.slice(before).filter(isEdit)).toEqual([])
  expect(interaction.currentReply()?.attachments).toHaveLength(1)
  await expectPaidOnce(sandbox, interaction)
})

it('a clip that was posted just before a crash is not refunded while Discord cannot be read', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' }, clock: createClock(20) })
  const { discord, providers } = sandbox
  discord.faults.failNext(uploads, 'reset', { moment: 'after', times: Infinity })
  const interaction = await film(sandbox)
  await finishedCard(interaction)
  await sandbox.stopBot()
  discord.faults.clear()
  providers.fal.faults.add({ kind: 'output-gone', route: 'output', times: Infinity })
  const reads = { when: ({ method, path }: Recorded) => method === 'GET' && path.includes('/messages/') }
  discord.faults.failNext(reads, { status: 503, body: {} }, { times: 6 })
  await sandbox.startBot()
  await until(() => readGeneration(sandbox, interaction).state !== 'delivering')
  expect(interaction.currentReply()?.attachments).toHaveLength(1)
  await expectPaidOnce(sandbox, interaction)
})
