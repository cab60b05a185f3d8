// Imported before start.mjs, so that `npm start` as a process connects to the local Discord.
import { liveOrigins } from '../../../src/config/config.ts'

Object.assign(liveOrigins, JSON.parse(process.env['TEST_ORIGINS'] ?? '{}'))
