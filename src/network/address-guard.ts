import { isIP, type LookupFunction } from 'node:net'

import ipaddr from 'ipaddr.js'

/** A connection that was refused before it was opened: the target is not on the public internet, or not https. */
export class BlockedTarget extends Error {
  override readonly name = 'BlockedTarget'
  readonly code = 'ERR_BLOCKED_TARGET'

  constructor(reason: 'address' | 'protocol') {
    super(reason === 'address' ? 'the target is not a public address' : 'the target is not https')
  }
}

/**
 * Is this an address of the public internet? Excludes loopback, private, link-local, unique-local, carrier-grade NAT, multicast, unspecified and
 * documentation addresses, and every IPv6 form that contains an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // The public IPv6 internet is 2000::/3. Unnamed ranges outside it, such as ::7f00:1, are obsolete forms of IPv4.
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000
}

/** Is this host name an IP literal that is not public? Other names are checked when they are resolved. */
export function isBlockedLiteral(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 && !isPublicAddress(address)
}

/**
 * A resolver that returns only public addresses. The connector uses it, so the checked address is the one connected to, even if the name resolves
 * differently a moment later. One private address among public ones rejects the whole result.
 */
export function guardLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    // With `all` the result is a list, otherwise one address; `net.connect` uses both forms.
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
