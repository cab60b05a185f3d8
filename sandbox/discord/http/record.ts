/** One request to the API as tests read it. */
export interface RecordedRequest {
  method: string
  /** Below `/api/v10`, decoded; an interaction's token is written `{token}`. */
  path: string
  /** The operation's id in Discord's specification; undefined for a route that Discord does not have (or this stand-in not yet). */
  operation: string | undefined
  query: Record<string, string>
  /** The JSON body, or the parsed `payload_json` of a multipart body. */
  body: unknown
  files: { field: string; name: string; size: number; contentType: string }[]
  authorization: 'bot' | 'wrong' | 'none'
  /** 0 while it is under way and when the socket was reset instead of an answer. */
  status: number
}

/** Chooses requests; everything that is given must match. */
export interface RequestPattern {
  method?: string
  path?: RegExp
  operation?: string
  when?: (request: RecordedRequest) => boolean
}

export function matchesPattern(request: RecordedRequest, pattern: RequestPattern): boolean {
  if (pattern.method && pattern.method !== request.method) return false
  if (pattern.path && !pattern.path.test(request.path)) return false
  if (pattern.operation && pattern.operation !== request.operation) return false
  return pattern.when?.(request) ?? true
}
