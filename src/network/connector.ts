import type { LookupFunction } from 'node:net'

import { buildConnector } from 'undici'

import { BlockedTarget, isBlockedLiteral } from './address-guard.ts'

/**
 * The connection was never opened (name, address, port, TLS or our own guard), so not one byte of the request has left.
 * That is known here for certain and nowhere else: above, a reset during the handshake and one after the request look alike.
 */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
  readonly code = 'ERR_NOT_CONNECTED'

  constructor(cause: unknown) {
    super('the connection could not be opened', { cause })
  }
}

export interface ConnectorOptions {
  allowPrivateAddresses: boolean
  /** Already guarded where private addresses are refused. */
  lookup: LookupFunction
  connectTimeoutMs: number
}

/** Opens sockets for undici; every failure is a `NotConnected`. HTTP/1.1 only: one request, one place in one connection. */
export function createConnector({ allowPrivateAddresses, lookup, connectTimeoutMs }: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({ lookup, timeout: connectTimeoutMs, allowH2: false })
  return (target, callback) => {
    const refusal = allowPrivateAddresses ? undefined : judge(target)
    if (refusal) {
      queueMicrotask(() => callback(new NotConnected(refusal), null))
      return
    }
    connect(target, (...[error, socket]) => {
      if (error) callback(new NotConnected(error), null)
      else callback(null, socket)
    })
  }
}

function judge({ protocol, hostname }: buildConnector.Options): BlockedTarget | undefined {
  if (protocol !== 'https:') return new BlockedTarget('protocol')
  // For an IP literal no resolver is asked, so the guarded one would never see it.
  return isBlockedLiteral(hostname) ? new BlockedTarget('address') : undefined
}
