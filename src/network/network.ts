import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

import { Agent, Client, type Dispatcher } from 'undici'

import { guardLookup } from './address-guard.ts'
import { createConnector } from './connector.ts'

export interface NetworkOptions {
  /** True only in the sandbox: also loopback and plain http. False: only https to public addresses. */
  allowPrivateAddresses: boolean
  /** The resolver; the system's by default. */
  lookup?: LookupFunction | undefined
}

export interface AgentOptions {
  /** More requests wait. Default 64. */
  connectionsPerOrigin?: number | undefined
  /** Default 10,000. */
  connectTimeoutMs?: number | undefined
}

/** A connection for one request, never shared and never reused. */
export interface SingleConnection {
  readonly dispatcher: Dispatcher
  /** Was it opened, so that bytes of the request may have left? */
  opened(): boolean
  close(): Promise<void>
}

/** All outgoing HTTP of the process; owns every socket it opens. */
export interface Network {
  readonly allowPrivateAddresses: boolean
  /** The guarded resolver, for clients that open their own sockets. */
  readonly lookup: LookupFunction
  /** A client with keep-alive connections to any origins. Follows no redirects. Closed with the network. */
  agent(options?: AgentOptions): Dispatcher
  /** A fresh connection to one origin; its first use fails with `NotConnected` if it cannot be opened. */
  connection(origin: string, options?: Pick<AgentOptions, 'connectTimeoutMs'>): SingleConnection
  /** Ends every connection, including those in use. */
  close(): Promise<void>
}

export function createNetwork({ allowPrivateAddresses, lookup = systemLookup }: NetworkOptions): Network {
  const resolve = allowPrivateAddresses ? lookup : guardLookup(lookup)
  const open = new Set<Dispatcher>()
  const connector = (connectTimeoutMs = 10_000) => createConnector({ allowPrivateAddresses, lookup: resolve, connectTimeoutMs })

  return {
    allowPrivateAddresses,
    lookup: resolve,
    agent({ connectionsPerOrigin = 64, connectTimeoutMs } = {}) {
      const agent = new Agent({ connections: connectionsPerOrigin, connect: connector(connectTimeoutMs), allowH2: false })
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
