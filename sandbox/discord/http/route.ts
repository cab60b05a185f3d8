import type { UploadedFile } from '../model/uploaded-file.ts'
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

export interface ApiAnswer {
  status: number
  body?: unknown
}

/** One operation of the API. `operation` is its id in Discord's specification. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  operation: string
  /** Interaction routes carry their right in the token and need no bot. */
  needsBot: boolean
  answer: (call: ApiCall, world: World) => ApiAnswer
}

export interface RouteMatch {
  route: Route
  params: Record<string, string>
}

/** The first route that fits, so literal paths must stand before those with names in the same place. */
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
