// Loaded before start.mjs, so that the real start, as a process of its own, finds the local Discord where it looks for the real one.
import { liveOrigins } from '../../src/config/config.ts'

Object.assign(liveOrigins, JSON.parse(process.env['TEST_ORIGINS'] ?? '{}'))
