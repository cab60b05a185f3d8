import type { Faults } from '../../../sandbox/discord/http/faults.ts'
import type { RecordedRequest } from '../../../sandbox/discord/http/record.ts'
import type { Random } from '../shared/random.ts'

/** Makes the local Discord fail now and then, until it stops. Acknowledgements never fail: without one there is no request. */
export function addDiscordFaults(faults: Faults, random: Random): void {
  const sometimes = (share: number, kind: (request: RecordedRequest) => boolean) => ({
    when: (request: RecordedRequest) => kind(request) && random() < share,
  })
  const always = { times: Infinity }
  faults.delayNext(sometimes(0.3, isUpload), 300, Infinity)
  faults.delayNext(sometimes(0.1, isEdit), 200, Infinity)
  faults.failNext(sometimes(0.04, isUpload), { status: 503, body: {} }, always)
  faults.failNext(sometimes(0.04, isUpload), 'reset', always)
  faults.failNext(sometimes(0.04, isUpload), 'reset', { ...always, moment: 'after' })
  faults.failNext(sometimes(0.03, isEdit), { status: 500, body: {} }, always)
  faults.failNext(sometimes(0.03, isNewMessage), 'reset', { ...always, moment: 'after' })
}

function isUpload({ method, files }: RecordedRequest): boolean {
  return method === 'PATCH' && files.length > 0
}

function isEdit({ method, files }: RecordedRequest): boolean {
  return method === 'PATCH' && files.length === 0
}

function isNewMessage({ method, path }: RecordedRequest): boolean {
  return method === 'POST' && /^\/channels\/\d+\/messages$/.test(path)
}
