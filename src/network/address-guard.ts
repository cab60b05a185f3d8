import { isIP, type LookupFunction } from 'node:net'

import ipaddr from 'ipaddr.js'

/** A connection that was refused before it was opened: the target is not on the public internet, or not spoken to by https. */
export class BlockedTarget extends Error {
  override readonly name = 'BlockedTarget'
  readonly code = 'ERR_BLOCKED_TARGET'

  constructor(reason: 'address' | 'protocol') {
    super(reason === 'address' ? 'the target is not a public address' : 'the target does not speak https')
  }
}

/**
 * Is this an address of the public internet? Everything special is not: loopback, private, link-local, unique-local, carrier-grade NAT,
 * multicast, unspecified, documentation, and all forms that carry an IPv4 address inside an IPv6 one, since they lead back to those.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // All of the IPv6 internet lies in 2000::/3; what is outside and has no name (such as ::7f00:1) is an old way to write IPv4.
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000
}

/** Is this host name an IP literal that must not be connected to? Names are judged later, by what they resolve to. */
export function isBlockedLiteral(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 && !isPublicAddress(address)
}

/**
 * A resolver that answers only with public addresses. It is used inside the connector, so the address that was judged is the one connected to:
 * a name that resolves differently a moment later gains nothing. One private address among public ones refuses the whole answer.
 */
export function guardLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    // The answer's form is requested by the caller (`all`), and `net.connect` asks for either.
    lookup(hostname, options, (error, addresses, family) => {
      if (error) {
        callback(error, addresses, family)
        return
      }
      const answers = typeof addresses === 'string' ? [addresses] : addresses.map(({ address }) => address)
      if (answers.length === 0 || !answers.every(isPublicAddress)) {
        callback(new BlockedTarget('address'), [])
        return
      }
      callback(null, addresses, family)
    })
  }
}
