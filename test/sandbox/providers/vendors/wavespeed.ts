import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'wavespeed'
import { expect } from 'vitest'
import type { StandIns } from '../../../../sandbox/providers/stand-ins.ts'
import { temporaryFolder } from '../../../support/store/database.ts'
import type { Vendor } from './vendor.ts'

const model = 'kwaivgi/kling-v2.5-turbo-pro/text-to-video'
const input = { prompt: 'a fox' }
const outputs = [expect.stringMatching(/^http.*\.mp4$/) as string]
const patience = { pollInterval: 0.02 }

function clientOf({ wavespeed: { origins, apiKey } }: StandIns): Client {
  return new Client(apiKey, { baseUrl: origins.api, maxConnectionRetries: 0 })
}

export const wavespeedVendor: Vendor = {
  name: 'wavespeed',
  // What begins with an underscore is private.
  documented: Object.getOwnPropertyNames(Client.prototype).filter((name) => !/^(_|constructor)/.test(name)),
  tried: {
    run: async (providers) => expect(await clientOf(providers).run(model, input, patience)).toEqual({ outputs }),
    'run (sync mode)': async (providers) => {
      expect(await clientOf(providers).run(model, input, { enableSyncMode: true })).toEqual({ outputs })
      expect(providers.wavespeed.requests.count('status')).toBe(0)
    },
    'run (sync mode, failed)': async (providers) => {
      const failed = clientOf(providers).run(model, { prompt: 'sandbox:moderated' }, { enableSyncMode: true })
      await expect(failed).rejects.toThrow('Content flagged')
    },
    runNoThrow: async (providers) =>
      expect(await clientOf(providers).runNoThrow(model, input, patience)).toMatchObject({ outputs, detail: { status: 'completed' } }),
    'runNoThrow (failed)': async (providers) => {
      const { outputs: none, detail } = await clientOf(providers).runNoThrow(model, { prompt: 'sandbox:failed' }, patience)
      expect([none, detail.status, detail.error?.message]).toEqual([null, 'failed', expect.stringContaining('Task failed')])
    },
    upload: async (providers) => {
      const file = join(temporaryFolder(), 'image.png')
      writeFileSync(file, 'bytes')
      expect(await (await fetch(await clientOf(providers).upload(file))).text()).toBe('bytes')
    },
  },
  leftOut: {},
}
