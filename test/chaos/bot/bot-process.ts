import { z } from 'zod'

import { startBot } from '../../../src/main.ts'

/** The real bot in a process of its own, which can be killed. It stops cleanly on the IPC message `stop` or when its parent is gone. */
const Settings = z.object({
  environment: z.record(z.string(), z.string()),
  origins: z.custom<Parameters<typeof startBot>[0]['origins']>(),
  typicalRunMs: z.object({ 5: z.number(), 10: z.number() }),
  leaseTimes: z.object({ heartbeatMs: z.number(), expiryMs: z.number() }),
})

process.once('message', (settings) => {
  startBot({ ...Settings.parse(settings), registerAtStart: true, onFatal: () => process.exit(1) }).then(
    (bot) => {
      const stop = () =>
        void bot.stop().then(
          () => process.exit(0),
          () => process.exit(1),
        )
      process.once('message', stop)
      process.once('disconnect', stop)
      process.send?.('ready')
    },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
