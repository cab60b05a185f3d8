import type { ProviderErrorKind } from '../../domain/provider-error.ts'

/** What these statuses mean on every provider. A create call that is refused with one of them made no job. */
export const refusalKinds: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'invalid_input',
  401: 'auth',
  402: 'no_credit',
  403: 'auth',
  404: 'unavailable',
  413: 'invalid_input',
  422: 'invalid_input',
  429: 'rate_limited',
}

/** The kind of failure by the HTTP status alone; undefined for a status that says nothing. */
export function kindOfStatus(status: number): ProviderErrorKind | undefined {
  if (status === 504) return 'timeout'
  return refusalKinds[status] ?? (status >= 500 ? 'unavailable' : undefined)
}

/** May the same request succeed later? A job that was just created can be unknown (404) for a moment. */
export function isTransient(status: number): boolean {
  return status === 404 || status === 429 || status >= 500
}
