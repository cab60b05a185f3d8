import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

import { Agent, Client, type Dispatcher } from 'undici'

import { guardLookup } from './address-guard.ts'
import { createConnector } from './connector.ts'

/** A connection for one request, never shared and never reused. */
interface SingleConnection {
  readonly dispatcher: Dispatcher
  /** Was it opened, so that bytes of the request may have left? */
  opened(): boolean
  close(): Promise<void>
}

export interface AgentOptions {
  /** Requests beyond these wait; 64 by default. */
  connectionsPerOrigin?: number
  connectTimeoutMs?: number | undefined
  /** How long an unused connection stays open, unless the server says another time; 4 seconds by default. */
  keepAliveMs?: number
}

/** All outgoing HTTP of the process; owns every socket it opens. */
export interface Network {
  /** True only in the sandbox: also loopback and plain http. False: only https to public addresses. */
  readonly allowPrivateAddresses: boolean
  /** The guarded resolver, for clients that open their own sockets. */
  readonly lookup: LookupFunction
  /** A client with connections to any origins. Follows no redirects. */
  agent(options?: AgentOptions): Dispatcher
  /** A fresh connection to one origin; its first use fails with `NotConnected` if it cannot be opened. */
  connection(origin: string, options?: { connectTimeoutMs?: number | undefined }): SingleConnection
  /** Ends every connection, including those in use. */
  close(): Promise<void>
}

/** `lookup` is the system's resolver by default. */
export function createNetwork(options: { allowPrivateAddresses: boolean; lookup?: LookupFunction | undefined }): Network {
  const { allowPrivateAddresses, lookup = systemLookup } = options
  const resolve = allowPrivateAddresses ? lookup : guardLookup(lookup)
  const open = new Set<Dispatcher>()
  const connector = (connectTimeoutMs = 10_000) => createConnector(allowPrivateAddresses, resolve, connectTimeoutMs)

  return {
    allowPrivateAddresses,
    lookup: resolve,
    agent({ connectionsPerOrigin = 64, connectTimeoutMs, keepAliveMs = 4000 } = {}) {
      const connect = connector(connectTimeoutMs)
      const agent = new Agent({ connections: connectionsPerOrigin, keepAliveTimeout: keepAliveMs, connect, allowH2: false })
      open.add(agent)
      return agent
    },
    connection(origin, { connectTimeoutMs } = {}) {
      const connect = connector(connectTimeoutMs)
      let used = false
      let opened = false
      const client = new Client(origin, {
        allowH2: false,
        connect: (target, callback) => {
          // A second connection would send the request a second time.
          if (used) {
            queueMicrotask(() => callback(new Error('the single connection was used before'), null))
            return
          }
          used = true
          connect(target, (...result) => {
            opened = result[0] === null
            callback(...result)
          })
        },
      })
      open.add(client)
      return {
        dispatcher: client,
        opened: () => opened,
        async close() {
          open.delete(client)
          await client.destroy()
        },
      }
    },
    async close() {
      await Promise.all([...open].map((dispatcher) => dispatcher.destroy()))
      open.clear()
    },
  }
}
