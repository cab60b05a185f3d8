import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'

const output = 'https://clips.sixth.example/1.mp4'
const stored = { json: { url: 'https://images.sixth.example/1.png' } }

/** The imaginary provider's wire format, for the contract suite. */
export const sixthStandIn: MakeStandIn = (server) => {
  const states = {
    pending: { state: 'running' },
    completed: { state: 'done', url: output },
    failed: { state: 'failed' },
    refused: { state: 'refused' },
    cancelled: { state: 'cancelled' },
  }
  const order = (more: object) => ({ json: { prompt: 'a heron', seconds: 5, style: 'plain', ...more } })
  return {
    key: 'sx-key-of-the-operator',
    routes: { submit: 'POST /jobs', status: 'GET /jobs/j1', upload: ['POST /images'] },
    probe: { route: 'GET /account', up: { json: {} } },
    asksBy: 'path',
    operation: { id: 'j1' },
    submitted: { status: 201, json: { id: 'j1' } },
    pending: { json: states.pending },
    unknownState: { json: { state: 'secret' } },
    refusedContent: { status: 422, json: { reason: 'content' } },
    submissions: {
      words: order({}),
      'words with everything': order({ seconds: 10, negative: 'haze', shape: '9:16', notify: webhookUrl }),
      'square words': order({ shape: '1:1' }),
      'words with empty values': order({ negative: '', shape: '16:9' }),
      'an image': order({ first: imageUrls.first }),
      'two images with everything': order({
        ...{ seconds: 10, negative: 'haze', first: imageUrls.first, last: imageUrls.last, notify: webhookUrl },
      }),
    },
    webhook: { headers: () => ({}), bodies: (id) => [{ id, state: 'done' }, { id }], otherId: 'j2' },
    job: (state) => server.on('GET /jobs/j1', { json: states[state] }),
    outputUrl: output,
    uploads: (failure) => server.on('POST /images', ...(failure ? [failure, stored] : [stored])),
    uploadedBy: 'POST /images',
    uploadedAs: stored.json.url,
  }
}
