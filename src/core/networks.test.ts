import { describe, expect, test } from 'vitest'
import { isPublicAddress, reachable } from './networks.ts'

describe('an address', () => {
  test.each([
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7'],
    ...['203.0.113.9', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe', '::127.0.0.1', '64:ff9b::7f00:1'],
    ...[
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fec0::1',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2001::1',
      '100::1',
    ],
    ...['localhost', '', '1.2.3', '0x7f.1', '::1%lo'],
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700:4700::1111', '2a00:1450::1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
})

describe('what may be reached', () => {
  test('is named by host, by address and by network', () => {
    const found = reachable(['hooks.lan', '127.0.0.1', '10.1.0.0/16', 'fd00::/8'])!

    expect(['hooks.lan', 'HOOKS.LAN', 'other.lan'].map(found.host)).toEqual([true, true, false])
    const addresses = ['127.0.0.1', '127.0.0.2', '10.1.2.3', '10.2.0.1', 'fd12::1', 'fe80::1', 'hooks.lan']
    expect(addresses.map(found.address)).toEqual([true, false, true, false, true, false, false])
  })

  test.each([['10.0.0.0/33'], ['10.0.0.0/x'], ['*.lan'], ['http://hooks.lan'], ['a b'], ['-a.lan']])(
    'is not named by %s',
    (entry) => {
      expect(reachable([entry])).toBeUndefined()
    },
  )
})
