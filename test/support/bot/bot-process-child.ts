import { flushCompileCache } from 'node:module'

import { type BotSettings, startBot } from '../../../src/main.ts'

// Now, because Node writes its cache when it exits, and this process is killed.
flushCompileCache()

process.once('message', (settings) => {
  startBot(settings as BotSettings).then(
    () => process.send?.('ready'),
    () => process.exit(1),
  )
})
