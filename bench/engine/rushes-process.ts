import { createLog } from '../../src/lib/log.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { createCore, requesterOf } from '../shared/core.ts'
import { answerLoadRun } from './load-process.ts'

/** One process of the bot without Discord, which accepts, makes and settles clips. */
const guilds = 50
const membersPerGuild = 4
/** Interactions of one process; no two processes have the same. */
const interactionsPerProcess = 1_000_000

/** Lines are written as in production, and go nowhere; a reader of the bench sees the errors. */
const destination = {
  write: (line: string) => {
    if (line.includes('"level":50')) process.stderr.write(line)
  },
}

answerLoadRun(async ({ store, process: number }, onDone) => {
  const log = createLog({ level: 'info', destination })
  const database = await openDatabase(store, { log })
  const post = () => {
    onDone()
    return Promise.resolve({ channelId: '1', messageId: '2' })
  }
  const { clipService, worker, notifier } = await createCore({ database, log, delivery: { post } })
  await worker.start()
  return {
    begin: (index) => {
      const requester = requesterOf(index % guilds, Math.floor(index / guilds) % membersPerGuild, number * interactionsPerProcess + index)
      return clipService.request({ prompt: 'a paper boat on a rainy street', durationSeconds: 5 }, requester)
    },
    close: async () => {
      await worker.stop({ graceMs: 5000 })
      await notifier.close()
      await database.close()
    },
  }
})
