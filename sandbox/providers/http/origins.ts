import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { CallEnvironment } from './call.ts'
import { OriginServer, type Upgrade } from './origin-server.ts'

/** The origins of one provider, each a server of its own, as they are different machines in the world. */
export class Origins<Name extends string> {
  readonly #servers: Map<Name, OriginServer>

  /**
   * @param port of the first origin, the others follow; 0 for any that are free
   * @param upgrades for the origins that also speak WebSocket
   */
  constructor(apps: Record<Name, Hono<CallEnvironment>>, port: number, upgrades: Partial<Record<Name, Upgrade>> = {}) {
    const entries = Object.entries(apps) as [Name, Hono<CallEnvironment>][]
    const servers = entries.map(([name, app], index) => {
      const answer = (request: Request, bindings: HttpBindings) => app.fetch(request, bindings)
      const server = new OriginServer(answer, port === 0 ? 0 : port + index, upgrades[name])
      return [name, server] as const
    })
    this.#servers = new Map(servers)
  }

  of(name: Name): string {
    const server = this.#servers.get(name)
    if (!server) throw new Error(`no origin is called ${name}`)
    return server.origin
  }

  /** @throws when a port is taken; then none of them listens */
  async listen(...names: Name[]): Promise<void> {
    try {
      for (const server of this.#chosen(names)) await server.listen()
    } catch (error) {
      await this.close(...names)
      throw error
    }
  }

  async close(...names: Name[]): Promise<void> {
    for (const server of this.#chosen(names)) await server.close()
  }

  #chosen(names: Name[]): OriginServer[] {
    return [...this.#servers].filter(([name]) => names.length === 0 || names.includes(name)).map(([, server]) => server)
  }
}
