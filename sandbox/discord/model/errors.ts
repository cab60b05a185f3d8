/** Nested as Discord nests them: one key per step of the path, ending in `_errors`. */
export interface FormErrors {
  [step: string]: FormErrors | { code: string; message: string }[]
}

/** A response of the API that is not a success. */
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

/** Codes and messages from Discord's table of JSON error codes. */
export const refuse = {
  unauthorized: () => new ApiError(401, 0, '401: Unauthorized'),
  unknownRoute: () => new ApiError(404, 0, '404: Not Found'),
  unknownChannel: () => new ApiError(404, 10003, 'Unknown Channel'),
  unknownApplication: () => new ApiError(404, 10002, 'Unknown Application'),
  unknownGuild: () => new ApiError(404, 10004, 'Unknown Guild'),
  unknownMessage: () => new ApiError(404, 10008, 'Unknown Message'),
  unknownWebhook: () => new ApiError(404, 10015, 'Unknown Webhook'),
  unknownInteraction: () => new ApiError(404, 10062, 'Unknown interaction'),
  tooLarge: () => new ApiError(413, 40005, 'Request entity too large'),
  alreadyAcknowledged: () => new ApiError(400, 40060, 'Interaction has already been acknowledged.'),
  missingAccess: () => new ApiError(403, 50001, 'Missing Access'),
  emptyMessage: () => new ApiError(400, 50006, 'Cannot send an empty message'),
  notATextChannel: () => new ApiError(400, 50008, 'Cannot send messages in a non-text channel'),
  missingPermissions: () => new ApiError(403, 50013, 'Missing Permissions'),
  invalidToken: () => new ApiError(401, 50027, 'Invalid Webhook Token'),
  archivedThread: () => new ApiError(403, 50083, 'Thread is archived'),
  invalidJson: () => new ApiError(400, 50109, 'The request body contains invalid JSON.'),
  /** The only refusal with 429. It names no time to wait. */
  tooManyOldEdits: () => new ApiError(429, 30046, 'Maximum number of edits to messages older than 1 hour reached. Try again later'),
  cannotReplyWithoutHistory: () => new ApiError(403, 160002, 'Cannot reply without permission to read message history'),
  referenceNotFound: () => new ApiError(400, 160008, 'Message could not be found'),
  cannotReferenceWithoutHistory: () => new ApiError(403, 160009, 'Cannot reference a message without permission to read message history'),
  nsfwReference: () => new ApiError(403, 160010, 'NSFW channel message reference not allowed'),
  forwardWithContent: () => new ApiError(400, 160011, 'Forward messages cannot have additional content'),
  cannotForwardUnreadable: () => new ApiError(403, 160014, 'Cannot forward a message with unreadable content'),
  internal: () => new ApiError(500, 0, '500: Internal Server Error'),
} as const
