/** Nested as Discord nests it: one key per step of the path, ending in `_errors`. */
export interface FormErrors {
  [step: string]: FormErrors | { code: string; message: string }[]
}

/** An answer of the API that is not a success, as it goes over the wire. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: number
  readonly errors: FormErrors | undefined

  constructor(status: number, code: number, message: string, errors?: FormErrors) {
    super(message)
    this.status = status
    this.code = code
    this.errors = errors
  }

  get body(): unknown {
    return { message: this.message, code: this.code, ...(this.errors && { errors: this.errors }) }
  }
}

/** Codes and sentences of Discord's table of JSON error codes, by what they are about. */
export const refuse = {
  unauthorized: () => new ApiError(401, 0, '401: Unauthorized'),
  unknownRoute: () => new ApiError(404, 0, '404: Not Found'),
  unknownChannel: () => new ApiError(404, 10003, 'Unknown Channel'),
  unknownGuild: () => new ApiError(404, 10004, 'Unknown Guild'),
  unknownApplication: () => new ApiError(404, 10002, 'Unknown Application'),
  unknownMessage: () => new ApiError(404, 10008, 'Unknown Message'),
  unknownUser: () => new ApiError(404, 10013, 'Unknown User'),
  unknownWebhook: () => new ApiError(404, 10015, 'Unknown Webhook'),
  unknownInteraction: () => new ApiError(404, 10062, 'Unknown interaction'),
  tooLarge: () => new ApiError(413, 40005, 'Request entity too large'),
  alreadyAcknowledged: () => new ApiError(400, 40060, 'Interaction has already been acknowledged.'),
  tooManyFollowUps: () => new ApiError(400, 40094, 'This interaction has reached the maximum number of follow-up messages.'),
  missingAccess: () => new ApiError(403, 50001, 'Missing Access'),
  emptyMessage: () => new ApiError(400, 50006, 'Cannot send an empty message'),
  cannotMessageUser: () => new ApiError(403, 50007, 'Cannot send messages to this user'),
  missingPermissions: () => new ApiError(403, 50013, 'Missing Permissions'),
  invalidToken: () => new ApiError(401, 50027, 'Invalid Webhook Token'),
  invalidJson: () => new ApiError(400, 50109, 'The request body contains invalid JSON.'),
  cannotReplyWithoutHistory: () => new ApiError(403, 160002, 'Cannot reply without permission to read message history'),
  internal: () => new ApiError(500, 0, '500: Internal Server Error'),
} as const

/** One thing that is wrong with a form: where, Discord's code where it is known (else one in its manner), and a sentence. */
export interface FormIssue {
  path: (string | number)[]
  code: string
  message: string
}

/** Throws 50035 with every issue at its place under `errors`; does nothing without issues. */
export function refuseForm(issues: readonly FormIssue[]): void {
  if (issues.length === 0) return
  const errors: FormErrors = {}
  for (const { path, code, message } of issues) {
    let place = errors
    for (const step of path) {
      const inner = place[step]
      const next: FormErrors = inner && !Array.isArray(inner) ? inner : {}
      place[step] = next
      place = next
    }
    const here = place['_errors']
    place['_errors'] = [...(Array.isArray(here) ? here : []), { code, message }]
  }
  throw new ApiError(400, 50035, 'Invalid Form Body', errors)
}
