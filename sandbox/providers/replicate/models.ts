import type { Routes } from '../http/routes.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { inputSchema } from './prediction-order.ts'
import { replicateModel } from './prediction.ts'

/** What there is to read beside predictions: the account, the model and the hardware that models run on. */
export function addModels({ app, on }: Routes, { origins }: StandInBase<'api'>): void {
  const [owner, name] = replicateModel.split('/')
  // Of an account the API shows no balance.
  app.get('/v1/account', on('account'), (call) => call.json({ type: 'organization', username: 'sandbox', name: 'Sandbox' }))
  app.get('/v1/hardware', on('account'), (call) => call.json([{ sku: 'cpu', name: 'CPU' }]))
  app.get(`/v1/models/${replicateModel}`, on('account'), (call) =>
    call.json({
      ...{ url: `${origins.api}/${replicateModel}`, owner, name, description: 'Kling 2.5 Turbo Pro', visibility: 'public' },
      ...{ is_official: true, run_count: 0, cover_image_url: null, default_example: null },
      latest_version: {
        ...{ id: 'hidden', created_at: '2025-09-01T00:00:00.000Z', cog_version: null },
        openapi_schema: { components: { schemas: { Input: inputSchema(), Output: { type: 'string', title: 'Output', format: 'uri' } } } },
      },
    }),
  )
}
