import type { LookupFunction } from 'node:net'

import { buildConnector } from 'undici'

import { BlockedTarget, isBlockedLiteral } from './address-guard.ts'

/**
 * The connection was never opened (name, address, port, TLS or our own guard), so no byte of the request has left. Only the connector knows this: to
 * its callers, a reset during the handshake looks like one after the request.
 */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
  readonly code = 'ERR_NOT_CONNECTED'

  constructor(cause: unknown) {
    super('the connection could not be opened', { cause })
  }
}

/**
 * Opens sockets for undici; every failure is a `NotConnected`. HTTP/1.1 only, so that a connection carries one request at a time. The lookup is already
 * guarded if private addresses are not allowed.
 */
export function createConnector(allowPrivateAddresses: boolean, lookup: LookupFunction, timeout: number): buildConnector.connector {
  const connect = buildConnector({ lookup, timeout, allowH2: false })
  return (target, callback) => {
    const refusal = allowPrivateAddresses ? undefined : checkTarget(target)
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

function checkTarget({ protocol, hostname }: buildConnector.Options): BlockedTarget | undefined {
  if (protocol !== 'https:') return new BlockedTarget('protocol')
  // IP literals bypass the resolver, so the guarded one would never see them.
  return isBlockedLiteral(hostname) ? new BlockedTarget('address') : undefined
}
