import { describe, expect, it, onTestFinished } from 'vitest'

import { createPostgresNotifier } from '../../../src/generations/notify/postgres-notifier.ts'
import { requestCancel } from '../../../src/generations/store/generations.ts'
import { createNotifier, type Notifier } from '../../../src/generations/notify/notifier.ts'
import { createLog } from '../../../src/lib/log.ts'
import { connectDedicated } from '../../../src/storage/postgres/pool.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const log = createLog({ level: 'silent' })

/** Resolves at the next notification of this generation. */
function notified(notifier: Notifier, id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = notifier.onNotification(id, () => {
      stop()
      resolve()
    })
  })
}

function workNotified(notifier: Notifier): Promise<void> {
  return new Promise((resolve) => {
    const stop = notifier.onWork(() => {
      stop()
      resolve()
    })
  })
}

/** The notifier of one more process on the server. */
async function oneProcess(url: string, pollEveryMs?: number) {
  const database = await openPlace({ url })
  const notifier = await createPostgresNotifier(database, { url, log, pollEveryMs })
  onTestFinished(() => notifier.close())
  return { database, notifier }
}

describe('notifications in one process', () => {
  it('reach the listeners of that generation until they stop', () => {
    const notifier = createNotifier()
    const received: string[] = []
    const stop = notifier.onNotification('a', () => received.push('a'))
    notifier.onNotification('b', () => received.push('b'))
    notifier.onWork(() => received.push('work'))
    notifier.notify('a')
    notifier.notifyWork()
    stop()
    notifier.notify('a')
    expect(received).toEqual(['a', 'work'])
  })
})

describe.skipIf(!hasPostgres)('notifications between processes', () => {
  it('announce a cancel, a webhook and new work to the others', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await oneProcess(url), await oneProcess(url)]
    const received = notified(two.notifier, 'clip')
    one.notifier.notify('clip')
    await received
    const announced = workNotified(two.notifier)
    one.notifier.notifyWork()
    await announced
  })

  it('stay within one installation on a shared server', async () => {
    const [url, otherUrl] = [await temporaryPostgres(), await temporaryPostgres()]
    const [one, two, stranger] = [await oneProcess(url), await oneProcess(url), await oneProcess(otherUrl)]
    const receivedByStranger: string[] = []
    stranger.notifier.onNotification('clip', () => receivedByStranger.push('clip'))
    const received = notified(two.notifier, 'clip')
    one.notifier.notify('clip')
    await received
    // The other installation would have received the first notification by now.
    const own = notified(stranger.notifier, 'own')
    const fourth = await oneProcess(otherUrl)
    fourth.notifier.notify('own')
    await own
    expect(receivedByStranger).toEqual([])
  })

  it('continue after the connection was lost, and make up for missed ones', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await oneProcess(url), await oneProcess(url)]
    const renewed = workNotified(two.notifier)
    await breakListeners(url)
    await renewed
    const received = notified(two.notifier, 'clip')
    one.notifier.notify('clip')
    await received
  })

  it('are replaced by polling where a cancel request was left without one', async () => {
    const url = await temporaryPostgres()
    const { database, notifier } = await oneProcess(url, 20)
    const { id } = await acceptGeneration(database)
    const received = notified(notifier, id)
    await requestCancel(database.statements, id, { by: 'requester', now: 1 })
    await received
  })
})

/** Ends the listening connections of this schema's processes from the server's side. */
async function breakListeners(url: string): Promise<void> {
  const client = await connectDedicated(url)
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen "' || left('rushes_' || current_schema(), 63) || '"'`,
  )
  await client.end()
}
