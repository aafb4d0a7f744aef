import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { parseTreeUrl } from '@devp2p/dnsdisc';
import { parseEnode, parseEnr } from '@devp2p/enr';
import { forkId } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { bootnodes as readBootnodes } from '../../src/cli/flags/values.ts';
import { isOnChain } from '../../src/model/chain-filter.ts';
import { networkNames, networks } from '../../src/model/networks.ts';
import type { EthStatus } from '../../src/model/node-record.ts';

const schedule = (name: 'mainnet' | 'sepolia' | 'hoodi') => {
  const { genesis, forks, networkId } = networks[name].chain;
  if (!genesis || !forks || networkId === undefined) throw new Error('incomplete');
  return { genesis, forks, networkId };
};

function statusOf(name: 'mainnet' | 'sepolia' | 'hoodi', number: number, time: number): EthStatus {
  const { genesis, forks, networkId } = schedule(name);
  const latestHash = new Uint8Array(32);
  return {
    version: 69,
    networkId,
    genesis,
    latestHash,
    forkId: forkId(genesis, forks, { number, time }),
  };
}

test('CR-02 the built-in networks have the fork ids that their nodes send', () => {
  // The first one of mainnet is from EIP-2124, the others are from go-ethereum's forkid_test.go.
  const table = [
    ['mainnet', 0, 0, 'fc64ec04'],
    ['mainnet', 1_920_000, 0, '91d1f948'],
    ['mainnet', 20_000_000, 1_710_338_135, '9f3d2254'],
    ['mainnet', 30_000_000, 1_746_612_311, 'c376cf8b'],
    ['sepolia', 0, 0, 'fe3366e7'],
    ['sepolia', 1_735_372, 1_706_655_072, '88cf81d9'],
    ['hoodi', 0, 1_742_999_832, '0929e24e'],
  ] as const;
  for (const [name, number, time, hash] of table) {
    const { genesis, forks } = schedule(name);
    const sum = forkId(genesis, forks, { number, time }).hash;
    expect([name, sum.toString(16).padStart(8, '0')]).toEqual([name, hash]);
  }
});

test('CR-02 a node at any fork of the chain is on it, a node at a fork of another chain is not', () => {
  const { chain } = networks.mainnet;
  expect(isOnChain(chain, statusOf('mainnet', 0, 0))).toBe(true);
  expect(isOnChain(chain, statusOf('mainnet', 30_000_000, 1_770_000_000))).toBe(true);
  expect(isOnChain(chain, statusOf('sepolia', 2_000_000, 1_770_000_000))).toBe(false);
  // Ethereum Classic has the same genesis and network id, and other forks since the DAO fork.
  const classic = { hash: 0xbe46d57c, next: 0n };
  expect(isOnChain(chain, { ...statusOf('mainnet', 0, 0), forkId: classic })).toBe(false);
  expect(isOnChain({}, { ...statusOf('mainnet', 0, 0), forkId: classic })).toBe(true);
  const asked = { forkId: { hash: 0xbe46d57c } };
  expect(isOnChain(asked, { ...statusOf('mainnet', 0, 0), forkId: classic })).toBe(true);
  expect(isOnChain(asked, statusOf('mainnet', 0, 0))).toBe(false);
});

test('FK-25 boot nodes are five valid records, then enode URLs; DNS list URLs are valid', () => {
  for (const name of networkNames) {
    const { bootnodes, dnsLists } = networks[name];
    const records = bootnodes.slice(0, 5).map((text) => parseEnr(text, { crypto: nobleCrypto }));
    expect(records.map(({ ip, udp, tcp }) => [ip !== undefined, udp !== undefined, tcp])).toEqual(
      new Array(5).fill([true, true, undefined]),
    );
    for (const url of bootnodes.slice(5)) {
      expect(toHex(parseEnode(url, { crypto: nobleCrypto }).id)).toHaveLength(128);
    }
    // In the form of the flag.
    expect(readBootnodes(bootnodes.join(','))).toEqual(bootnodes);
    for (const url of dnsLists) expect(parseTreeUrl(url).domain).toContain(name);
  }
});
