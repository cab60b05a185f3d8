/** One request to the API, for tests to read. */
export interface RecordedRequest {
  method: string
  /** Below `/api/v10`, decoded; an interaction's token is replaced by `{token}`. */
  path: string
  /** The operation's id in Discord's specification; undefined for a route that does not exist here. */
  operation: string | undefined
  query: Record<string, string>
  /** The JSON body, or the parsed `payload_json` of a multipart body. */
  body: unknown
  files: { field: string; name: string; size: number; contentType: string }[]
  authorization: 'bot' | 'wrong' | 'none'
  /** 0 until the response, and when the socket was reset instead. */
  status: number
}

/** Selects requests; every given field must match. */
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
