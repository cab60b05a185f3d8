import type { Operation, Provider } from '../../src/providers/provider.ts'
import type { ScriptedAnswer, ScriptedProvider } from '../support/scripted-provider.ts'

/** The create calls of which every provider's whole body is known (`provider-submissions.ts`). */
export type SubmissionName =
  'words' | 'words with everything' | 'square words' | 'words with nothing in it' | 'a picture' | 'two pictures with everything'

export interface ExpectedSubmission {
  /** The submit route unless given. */
  route?: string
  /** Decoded; empty unless given. */
  query?: Record<string, string>
  json: unknown
}

export interface WebhookStandIn {
  /** Sets the route that tells the keys, or lets it answer otherwise. Absent where the provider signs nothing. */
  keys?: (answer?: ScriptedAnswer) => void
  keyRoute?: string
  /** What the provider sends with this body at this moment. */
  headers: (body: string, delivery: { id: string; at: number }) => Record<string, string>
  /** The headers with keys of somebody else. */
  forged?: (body: string, delivery: { id: string; at: number }) => Record<string, string>
  /** The body about a job, as it went well or failed, in each of the forms that are known. */
  bodies: (id: string) => unknown[]
  /** An id as the provider makes them, of another job than the stand-in's operation. */
  otherId: string
}

/** How one provider says what every provider can say, in its own wire format. */
export interface ProviderStandIn {
  /** The secret part of the key that the provider was made with. */
  key: string
  /** `METHOD /path` of the calls, for the operation below. */
  routes: { submit: string; status: string; cancel?: string; upload: string[]; lost?: string[] }
  /** Is a job asked for by an id in the path, or in the body? */
  asksBy: 'path' | 'body'
  operation: Operation
  submitted: ScriptedAnswer
  pending: ScriptedAnswer
  /** A state that the provider does not have. */
  unknownState: ScriptedAnswer
  /** A create call refused for its content. */
  refusedContent: ScriptedAnswer
  submissions: Record<SubmissionName, ExpectedSubmission>
  webhook: WebhookStandIn
  /** Sets the routes so that a job whose answer was lost can be found, or not; only where the provider has a mark of ours. */
  lost?: (state: 'there' | 'absent') => void
  /** Sets the routes so that `status` finds the job in this state. */
  job(state: 'pending' | 'completed' | 'failed' | 'refused' | 'cancelled'): void
  outputUrl: string
  /** Sets the upload's routes; a failure is the answer of the first of them, once. */
  uploads(failure?: ScriptedAnswer): void
  /** The bytes of the image must be found in this request. */
  uploadedBy: string
  /** How the provider calls it afterwards. */
  uploadedAs: string
  cancelAccepted?: ScriptedAnswer
  cancelTooLate?: ScriptedAnswer
}

/** What the parts of the suite work with; made anew for each test. */
export interface ProviderStage {
  server: ScriptedProvider
  provider: Provider
  standIn: ProviderStandIn
}

export type MakeStandIn = (server: ScriptedProvider) => ProviderStandIn
