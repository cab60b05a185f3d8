import type { UploadedFile } from '../model/files.ts'
import type { World } from '../world/world.ts'

export interface ApiCall {
  /** The values of the path's `:names`. */
  params: Record<string, string>
  query: URLSearchParams
  json: unknown
  files: UploadedFile[]
  /** Bytes of the whole request body. */
  bytes: number
}

export interface ApiResponse {
  status: number
  body?: unknown
}

/** Answers a call of one operation; throws `ApiError` for every other response than success. */
export type Handler = (call: ApiCall, world: World) => ApiResponse

/** One operation of the API. */
export interface Route {
  method: string
  path: string
  /** Its id in Discord's specification. */
  operation: string
  /** Interaction routes are authorized by the token in their path and need no bot token. */
  needsBot: boolean
  handle: Handler
}

export interface RouteMatch {
  route: Route
  params: Record<string, string>
}

/** @param endpoint the method and the path: `GET /channels/:channel` */
export function route(endpoint: string, operation: string, handle: Handler): Route {
  const [method = '', path = ''] = endpoint.split(' ')
  return { method, path, operation, needsBot: !path.includes(':token'), handle }
}

/** The first route that fits, so literal paths must precede those with names in the same place. */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch | undefined {
  const steps = path.split('/')
  for (const route of routes) {
    if (route.method !== method) continue
    const pattern = route.path.split('/')
    if (pattern.length !== steps.length) continue
    const params: Record<string, string> = {}
    const fits = pattern.every((part, index) => {
      const step = steps[index] ?? ''
      if (!part.startsWith(':')) return part === step
      params[part.slice(1)] = step
      return step !== ''
    })
    if (fits) return { route, params }
  }
  return undefined
}

export function param(call: ApiCall, name: string): string {
  return call.params[name] ?? ''
}
