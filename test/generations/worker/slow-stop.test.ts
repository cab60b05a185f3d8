import { expect, it } from 'vitest'

import { findRow } from '../../../src/generations/store/generations.ts'
import { temporaryDatabase } from '../../support/store/database.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

it('a stop ends although Discord does not respond, and unfinished work resumes at the next start', async () => {
  const database = await temporaryDatabase()
  const { id } = await acceptGeneration(database)
  const posting = Promise.withResolvers<undefined>()
  const never = new Promise<never>(() => undefined)
  const { worker } = await setUpWorker(database, [quickProvider('fal')], {
    post: () => {
      posting.resolve(undefined)
      return never
    },
  })
  await worker.start()
  await posting.promise
  await worker.stop({ graceMs: 0 })
  expect(await findRow(database.statements, id)).toMatchObject({ state: 'delivering', captured: 1 })
})
