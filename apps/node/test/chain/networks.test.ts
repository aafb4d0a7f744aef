import { networks } from '@devp2p/appkit/networks';
import { nobleCrypto } from '@devp2p/crypto';
import { enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';
import { expect, test } from 'vitest';
import { bootnodes } from '../../src/cli/flags/values.ts';
import { networkGenesis } from '../../src/config/genesis/networks.ts';
import { blobParameters } from '../../src/validation/chain-config.ts';

const crypto = nobleCrypto;

/** Hosts and UDP ports of the records in go-ethereum v1.17.10, by network; IPv4, then IPv6. */
const hosts = [
  ['212.99.218.66', '2a00:1ca0:b00:d02::5e'],
  ['129.212.166.61', '2604:a880:4:1d0:0:3:619d:5000'],
  ['144.126.252.24', '2400:6180:100:d0:0:1:8120:6001'],
  ['178.156.215.140', '2a01:4ff:f4:3c4a::1'],
  ['5.223.94.81', '2a01:4ff:2f0:1cad::1'],
];

test.each([
  ['mainnet', 4],
  ['sepolia', 5],
  ['hoodi', 3],
] as const)('FK-25 %s: five records that verify come first, then %i enode URLs', (name, urls) => {
  const { bootnodes: known } = networks[name];
  const records = known.slice(0, 5).map((text) => parseEnr(text, { crypto }));
  expect(records.map((enr) => [4, 6].map((family) => endpoint(enr, family as 4 | 6)?.host))).toEqual(hosts);
  for (const enr of records) {
    const { udp, tcp } = endpoint(enr, 4) ?? {};
    expect(endpoint(enr, 6)?.udp).toBe(udp);
    // These nodes serve discovery only, not RLPx.
    expect([tcp, udp !== 0]).toEqual([0, true]);
  }
  const enodes = known.slice(5).map((url) => parseEnode(url, { crypto }));
  expect(enodes.map(({ udp }) => udp)).toEqual(new Array(urls).fill(30303));
  expect(new Set([...records, ...enodes].map(({ id }) => Buffer.from(id).toString('hex'))).size).toBe(known.length);
  // In the form of the flag.
  expect(bootnodes(known.join(','))).toEqual(known);
});

function endpoint(enr: ReturnType<typeof parseEnr>, family: 4 | 6) {
  return enodeFromEnr(enr, { family });
}

/** Times of BPO1 and BPO2 in go-ethereum v1.17.10, `params/chainspecs`. */
test.each([
  ['mainnet', 1_765_290_071, 1_767_747_671],
  ['sepolia', 1_761_017_184, 1_761_607_008],
  ['hoodi', 1_762_365_720, 1_762_955_544],
] as const)(
  'FK-02 %s: the blob parameters of BPO1 and BPO2 are those of EIP-7892, and hold after them',
  (name, bpo1, bpo2) => {
    const { config } = networkGenesis(name, crypto);
    const at = (time: number) => blobParameters(config, time);
    expect(at(bpo1 - 1)).toMatchObject({ target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n });
    expect(at(bpo1)).toMatchObject({ target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n });
    expect(at(bpo2 - 1)).toEqual(at(bpo1));
    expect(at(bpo2)).toMatchObject({ target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n });
    // Amsterdam, on one of them, has none of its own.
    expect(at(2_000_000_000)).toEqual(at(bpo2));
  },
);
