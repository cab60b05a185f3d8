import { type BotSettings, startBot } from '../../../src/main.ts'

process.once('message', (settings) => {
  startBot(settings as BotSettings).then(
    () => process.send?.('ready'),
    () => process.exit(1),
  )
})
