import { OriginServer, type OriginRoutes } from './origin-server.ts'

/** The origins of one provider, each with its own server, as in reality each is another machine. */
export class Origins<Name extends string> {
  readonly #servers: Map<Name, OriginServer>

  /** @param port of the first origin, the others follow; 0 for any that are free */
  constructor(routes: Record<Name, OriginRoutes>, port: number) {
    const entries = Object.entries(routes) as [Name, OriginRoutes][]
    this.#servers = new Map(entries.map(([name, each], index) => [name, new OriginServer(each, port === 0 ? 0 : port + index)]))
  }

  /** The address of each origin, known once it listens. */
  addresses(): Record<string, string> {
    return Object.fromEntries([...this.#servers].map(([name, { origin }]) => [name, origin]))
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
