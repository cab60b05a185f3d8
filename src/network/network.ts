import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

import { Agent, Client, type Dispatcher } from 'undici'

import { guardLookup } from './address-guard.ts'
import { createConnector } from './connector.ts'

export interface NetworkOptions {
  /** True only for the sandbox: loopback and plain http are allowed. False: https to public addresses and nothing else. */
  allowPrivateAddresses: boolean
  /** The resolver; the system's by default. */
  lookup?: LookupFunction | undefined
}

export interface AgentOptions {
  /** Connections kept to one origin at most; more requests wait. Default 64. */
  connectionsPerOrigin?: number | undefined
  /** Default 10,000. */
  connectTimeoutMs?: number | undefined
}

/** A connection for one request, never shared and never reused. */
export interface SingleConnection {
  readonly dispatcher: Dispatcher
  /** Was the connection opened, so that bytes of the request may have left? */
  opened(): boolean
  close(): Promise<void>
}

/** The only way out of the process over HTTP; owns every socket it opens. */
export interface Network {
  readonly allowPrivateAddresses: boolean
  /** The resolver that refuses private addresses (unless they are allowed), for clients that open their own sockets. */
  readonly lookup: LookupFunction
  /** A client with kept-alive connections to any number of origins. It follows no redirect. Closed with the network. */
  agent(options?: AgentOptions): Dispatcher
  /** A fresh connection to one origin. Fails with `NotConnected` on first use where it cannot be opened. */
  connection(origin: string, options?: Pick<AgentOptions, 'connectTimeoutMs'>): SingleConnection
  /** Ends every connection, also those in use. */
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
      let asked = false
      let opened = false
      const client = new Client(origin, {
        allowH2: false,
        connect: (target, callback) => {
          // A second connection would mean that the request is sent a second time.
          if (asked) {
            queueMicrotask(() => callback(new Error('the single connection is used up'), null))
            return
          }
          asked = true
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
