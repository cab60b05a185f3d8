import type { ProviderError } from '../../src/domain/provider-error.ts'
import type { ProviderContext } from '../../src/providers/shared/http.ts'
import type { createInstantClock } from '../support/clocks/instant-clock.ts'
import type { Operation, Provider } from '../../src/providers/provider.ts'
import type { Script, ScriptedAnswer, ScriptedProvider } from '../support/providers/scripted-provider.ts'

/** The create calls of which every provider's whole body is known (`provider-submissions.ts`). */
export type SubmissionName =
  'words' | 'words with everything' | 'square words' | 'words with empty values' | 'an image' | 'two images with everything'

export interface ExpectedSubmission {
  /** The submit route unless given. */
  route?: string
  /** Decoded; empty unless given. */
  query?: Record<string, string>
  json: unknown
}

export interface WebhookStandIn {
  /** Scripts the route of the keys. Absent where the provider signs nothing. */
  keys?: (answer?: ScriptedAnswer) => void
  keyRoute?: string
  /** The headers that the provider sends with this body. */
  headers: (body: string, delivery: { id: string; at: number }) => Record<string, string>
  /** The headers, signed with another key. */
  forged?: (body: string, delivery: { id: string; at: number }) => Record<string, string>
  /** The body about a job, as it went well or failed, in each of the forms that are known. */
  bodies: (id: string) => unknown[]
  /** An id as the provider makes them, of another job than the stand-in's operation. */
  otherId: string
}

/** One provider's wire format for what every provider can respond. */
export interface ProviderStandIn {
  /** The provider's key; it must not leak. */
  key: string
  /** `METHOD /path` of the calls, for the operation below. */
  routes: { submit: string; status: string; cancel?: string; upload: string[]; lost?: string[] }
  /** The free call: its route, its answer, and its answer for an empty account, where the provider shows the balance. */
  probe: { route: string; up: Script; empty?: Script }
  /** Where a poll names the job. */
  asksBy: 'path' | 'body'
  operation: Operation
  submitted: ScriptedAnswer
  pending: ScriptedAnswer
  /** A state that the provider does not have. */
  unknownState: ScriptedAnswer
  /** The provider documents that it never bills a request that ends in a 5xx. */
  serverErrorsAreFree?: true
  /** A create call refused for its content. */
  refusedContent: ScriptedAnswer
  submissions: Record<SubmissionName, ExpectedSubmission>
  webhook: WebhookStandIn
  /** Scripts the routes so that a job whose create response was lost is found, or not; absent where the provider cannot search. */
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

/** What each part of the suite works with; new for each test. */
export interface ProviderStage {
  readonly server: ScriptedProvider
  readonly provider: Provider
  readonly standIn: ProviderStandIn
  readonly clock: ReturnType<typeof createInstantClock>
  /** One more provider, at this origin. */
  make(origin: string, context?: Partial<ProviderContext>): Provider
  start(from?: Provider, options?: { signal?: AbortSignal }): Promise<Operation>
  /** The error of a failed call, which must be safe to log. */
  failureOf(call: Promise<unknown>): Promise<ProviderError>
  /** Expects that the error contains no prompt, key, response or address. */
  expectHarmless(error: ProviderError): void
}

export type MakeStandIn = (server: ScriptedProvider) => ProviderStandIn
