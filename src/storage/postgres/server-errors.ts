/**
 * PostgreSQL could not be reached or refused us. The message says why and what to do. Of what the server said it holds only the code: its own message
 * may repeat the URL.
 */
export class StoreUnreachableError extends Error {
  override readonly name = 'StoreUnreachableError'

  constructor(cause: unknown) {
    const code = codeOf(cause) ?? 'no response'
    const reason = reasons.find(([codes]) => codes.test(code))?.[1] ?? 'is it running, and are user and database right?'
    super(`the PostgreSQL server of DATABASE_URL cannot be used (${code}): ${reason}`)
  }
}

const noTls = 'no TLS'
const reasons: readonly [codes: RegExp, reason: string][] = [
  [/^ECONNREFUSED$/, 'nothing listens at that address; start the server or correct host and port'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'its host name cannot be resolved; correct the name or look at the DNS of this machine'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no response)$/, 'it does not respond; check the address and the firewalls in between'],
  [/^28P01$/, 'it rejects the password; correct user and password'],
  [/^28000$/, 'it does not let this user in; correct the user or allow it in pg_hba.conf'],
  [/^3D000$/, 'it has no database of this name; create it or correct the name'],
  [/^42501$/, 'the user lacks a permission; make it the owner of the database and of the schema'],
  [/^3F000$/, 'there is no schema for the tables; create the one that search_path names'],
  [/^53300$/, 'it has no connection left; raise max_connections or stop other programs'],
  [/^25006$/, 'it is read-only; name the primary server instead of a replica'],
  [/^57P0[123]$/, 'it is starting or stopping; try again in a moment'],
  [
    /CERT|ALTNAME|SIGNATURE/,
    'its TLS certificate is not trusted; give it a valid one or name its authority by sslrootcert in DATABASE_URL',
  ],
  [/^no TLS$/, 'it offers no TLS; configure that there or take sslmode out of DATABASE_URL'],
]

/** The same error, or a `StoreUnreachableError` if the server or the way to it refused the statement. */
export function explainServerError(error: unknown): unknown {
  if (error instanceof StoreUnreachableError) return error
  const candidates = [error, error instanceof Error ? error.cause : undefined]
  const refused = candidates.find((candidate) => reasons.some(([codes]) => codes.test(codeOf(candidate) ?? '')))
  return refused === undefined ? error : new StoreUnreachableError(refused)
}

function codeOf(error: unknown): string | undefined {
  // If every address of a host name fails, an AggregateError holds their errors.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (!(first instanceof Error)) return undefined
  // The driver gives this one no code.
  if (/does not support SSL connections/.test(first.message)) return noTls
  return 'code' in first && typeof first.code === 'string' ? first.code : undefined
}
