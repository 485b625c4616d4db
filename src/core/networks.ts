import { BlockList, isIP } from 'node:net'

/**
 * Addresses that are nobody's on the public network, or this machine's and its neighbours': private, loopback, link-local
 * (where clouds keep their secrets), shared, multicast, documentation, and what stands for an IPv4 address inside IPv6.
 */
const NOT_PUBLIC = blockList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
])
/** All else of IPv6 is reserved, local or multicast. */
const GLOBAL_IPV6 = blockList(['2000::/3'])

/** Whether a machine of the public network can have this address. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.check(address, 'ipv4')
  if (isIP(address) !== 6) return false
  return GLOBAL_IPV6.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6')
}

/** What may be reached although it is not public: names of hosts, addresses, networks. */
export interface Reachable {
  /** By its name, wherever that leads. */
  host(name: string): boolean
  address(address: string): boolean
}

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)*$/i

/** Undefined for an entry that is none of the three. */
export function reachable(entries: readonly string[]): Reachable | undefined {
  const networks = entries.filter((entry) => isIP(entry.split('/')[0]!) > 0)
  const hosts = new Set(entries.filter((entry) => !networks.includes(entry)).map((entry) => entry.toLowerCase()))
  if ([...hosts].some((host) => !HOST.test(host))) return undefined
  let list: BlockList
  try {
    list = blockList(networks)
  } catch {
    return undefined
  }
  return {
    host: (name) => hosts.has(name.toLowerCase()),
    address: (address) => isIP(address) > 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string | undefined]
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN, family)
  }
  return list
}
