import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseClientName, printable } from '../../src/model/client-name.ts';

/** Client id, then name, version, system and language. */
type Text = string | undefined;
type Row = readonly [string, Text, Text?, Text?, Text?];

/** Client ids as built by the source code of the clients, or as seen in their networks. */
const clients: readonly Row[] = [
  ['Geth/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1', 'geth', '1.17.5', 'linux', 'go1.24.1'],
  [
    'Geth/v1.17.6-unstable-0c2fb441-20260102/darwin-arm64/go1.25.0',
    ...(['geth', '1.17.6-unstable', 'macos', 'go1.25.0'] as const),
  ],
  [
    'Geth/v1.17.6-unstable-40eecf36-2026-09-23/linux-amd64/go1.26.1',
    ...(['geth', '1.17.6-unstable', 'linux', 'go1.26.1'] as const),
  ],
  ['Geth/v1.3.3/darwin', 'geth', '1.3.3', 'macos', 'go'],
  ['Geth/v1.4.0-unstable/linux-amd64/devel go1.26-f2d4bd5', 'geth', '1.4.0-unstable', 'linux', 'devel go1.26-f2d4bd5'],
  // GoQuorum
  [
    'Geth/v1.9.7-stable-36b7ed8b(quorum-v21.1.0)/linux-amd64/go1.15.5',
    ...(['geth', '1.9.7', 'linux', 'go1.15.5'] as const),
  ],
  // op-geth, bsc, go-pulse
  ['Geth/v1.101408.0-stable-5c2e7586/linux-amd64/go1.21.13', 'geth', '1.101408.0', 'linux', 'go1.21.13'],
  ['Geth/v1.4.15-0ac3fdb0-20240815/linux-amd64/go1.22.6', 'geth', '1.4.15', 'linux', 'go1.22.6'],
  ['Geth/v3.0.0-pulse-dbc7ffa9/linux-amd64/go1.19.8', 'geth', '3.0.0-pulse', 'linux', 'go1.19.8'],
  [
    'CoreGeth/v1.12.16-unstable-bd227f23-20231103/linux-amd64/go1.21.3',
    ...(['coregeth', '1.12.16-unstable', 'linux', 'go1.21.3'] as const),
  ],
  ['bor/v2.0.3/linux-amd64/go1.24.3', 'bor', '2.0.3', 'linux', 'go1.24.3'],
  ['bor/v0.2.14-stable-9edb2836/linux-amd64/go1.17.7', 'bor', '0.2.14', 'linux', 'go1.17.7'],
  ['ronin/v2.3.0-stable-f07cd8d1/linux-amd64/go1.15.5', 'ronin', '2.3.0', 'linux', 'go1.15.5'],
  ['XDC/v1.1.0-stable-80827806/linux-amd64/go1.15.8', 'xdc', '1.1.0', 'linux', 'go1.15.8'],
  ['tomo/v1.4.0-stable/linux-amd64/go1.10.8', 'tomo', '1.4.0', 'linux', 'go1.10.8'],
  ['energi3/v3.1.1-stable/linux-amd64/go1.15.8', 'energi3', '3.1.1', 'linux', 'go1.15.8'],
  ['swarm/v0.4.3-unstable-b1eb3be1/linux-amd64/go1.12.4', 'swarm', '0.4.3-unstable', 'linux', 'go1.12.4'],
  ['Gubiq/v7.0.0-monoceros-c9009e89/linux-amd64/go1.17.6', 'gubiq', '7.0.0-monoceros', 'linux', 'go1.17.6'],
  ['Gexp/v1.10.8-stable-1eb55798/linux-amd64/go1.17', 'gexp', '1.10.8', 'linux', 'go1.17'],
  ['Gdbix/v1.5.3-fluxdbix-f6911ea5/linux/go1.8.3', 'gdbix', '1.5.3-fluxdbix', 'linux', 'go1.8.3'],
  ['egem/v1.1.4-titanus-9b056f56-20210808/linux-amd64/go1.15.13', 'egem', '1.1.4-titanus', 'linux', 'go1.15.13'],
  [
    'go-opera/v1.1.0-rc.4-91951f74-1647353617/linux-amd64/go1.17.8',
    ...(['go-opera', '1.1.0-rc.4', 'linux', 'go1.17.8'] as const),
  ],
  ['GoChain/v4.0.2/linux-amd64/go1.17.3', 'gochain', '4.0.2', 'linux', 'go1.17.3'],
  ['Quai/v1.10.10-unstable-b1b52e79-20220226/linux-amd64/go1.17.7', 'quai', '1.10.10-unstable', 'linux', 'go1.17.7'],
  [
    'Pirl/v1.9.12-v7-masternode-premium-lion-ea07aebf-20200407/linux-amd64/go1.13.6',
    ...(['pirl', '1.9.12-v7-masternode-premium-lion', 'linux', 'go1.13.6'] as const),
  ],
  [
    'Q-Client/v1.0.8-stable/Geth/v1.10.8-stable-850a0145/linux-amd64/go1.16.15',
    ...(['q-client', '1.0.8', 'linux', 'go1.16.15'] as const),
  ],
  ['pchain/linux-amd64/go1.13.3', 'pchain', undefined, 'linux', 'go1.13.3'],
  ['erigon/v3.0.4-97da5c28/linux-amd64/go1.23.4', 'erigon', '3.0.4', 'linux', 'go1.23.4'],
  ['erigon/2.60.7/linux-amd64/go1.21.5', 'erigon', '2.60.7', 'linux', 'go1.21.5'],
  ['erigon/v2021.06.5-alpha-a0694dd3/linux-amd64/go1.16.5', 'erigon', '2021.06.5-alpha', 'linux', 'go1.16.5'],
  ['cdk-erigon/2.61.24-6ebf1b1c/linux-amd64/go1.24.2', 'cdk-erigon', '2.61.24', 'linux', 'go1.24.2'],
  ['Nethermind/v1.30.0+78a4bd7f/linux-x64/dotnet9.0.1', 'nethermind', '1.30.0', 'linux', 'dotnet9.0.1'],
  [
    'Nethermind/v1.0.0-rc28dev-c9d5542a/X64-Microsoft Windows 10.0.17134 /Core4.6.27617.05',
    ...(['nethermind', '1.0.0-rc28dev', 'windows', 'dotnet'] as const),
  ],
  ['besu/v25.4.1/linux-x86_64/openjdk-java-21', 'besu', '25.4.1', 'linux', 'openjdk-java-21'],
  [
    'besu/v25.5.0-develop-0c2fb44/osx-aarch_64/corretto-java-21',
    ...(['besu', '25.5.0-develop', 'macos', 'corretto-java-21'] as const),
  ],
  ['besu/v26.9-develop-d997aad/linux-x86_64/openjdk-java-25', 'besu', '26.9-develop', 'linux', 'openjdk-java-25'],
  ['besu/v25.9.0', 'besu', '25.9.0', undefined, 'java'],
  ['pantheon/v1.3.5/linux-x86_64/oracle_openjdk-java-11', 'pantheon', '1.3.5', 'linux', 'oracle_openjdk-java-11'],
  ['reth/v1.4.3-fe2ae9e/x86_64-unknown-linux-gnu', 'reth', '1.4.3', 'linux', 'rust'],
  ['reth/v1.4.3-rc.1/aarch64-apple-darwin', 'reth', '1.4.3-rc.1', 'macos', 'rust'],
  ['op-reth/v1.11.3-428a6dc2f/aarch64-apple-darwin', 'op-reth', '1.11.3', 'macos', 'rust'],
  [
    'ethrex/v2.0.0-main-0c2fb441/x86_64-unknown-linux-gnu/rustc-v1.87.0',
    ...(['ethrex', '2.0.0-main', 'linux', 'rustc-v1.87.0'] as const),
  ],
  [
    'ethrex/v9.0.0-eip-8141-1-demo-7dc6a36fb258f4a75ea7c529fd37fa0154e5a2ca/x86_64-unknown-linux-gnu/rustc-v1.90.0',
    ...(['ethrex', '9.0.0-eip-8141-1-demo', 'linux', 'rustc-v1.90.0'] as const),
  ],
  [
    'akula/v0.1.0-master-943f1ec-2022-11-12/aarch64-apple-darwin/rustc1.65.0',
    ...(['akula', '0.1.0-master', 'macos', 'rustc1.65.0'] as const),
  ],
  ['nimbus-eth1 v0.1.0 [linux: amd64, rocksdb, 0c2fb441]', 'nimbus-eth1', '0.1.0', 'linux', 'nim'],
  ['nimbus-eth1/v0.2.0-0c2fb441/linux-amd64/Nim-2.2.4', 'nimbus-eth1', '0.2.0', 'linux', 'nim-2.2.4'],
  ['EthereumJS/0.10.1/linux/node20.11.0', 'ethereumjs', '0.10.1', 'linux', 'node20.11.0'],
  [
    'OpenEthereum/v3.3.5-stable-6c2d392d8-20220405/x86_64-linux-gnu/rustc1.58.1',
    ...(['openethereum', '3.3.5', 'linux', 'rustc1.58.1'] as const),
  ],
  [
    'OpenEthereum//v3.3.0-rc.15-stable-88eb7d325-20211104/x86_64-linux-gnu/rustc1.48.0',
    ...(['openethereum', '3.3.0-rc.15', 'linux', 'rustc1.48.0'] as const),
  ],
  [
    'Parity-Ethereum//v2.5.10-stable-9f94473ea-20191112/x86_64-linux-musl/rustc1.38.0',
    ...(['parity-ethereum', '2.5.10', 'linux', 'rustc1.38.0'] as const),
  ],
  [
    'Ecoball/v1.0.2-stable-ac03aee-20211125/x86_64-linux-gnu/rustc1.52.1',
    ...(['ecoball', '1.0.2', 'linux', 'rustc1.52.1'] as const),
  ],
  [
    'aleth/1.6.0-alpha.1-28+commit.32bb833e.dirty/windows/msvc19.0.24215.1/debug',
    ...(['aleth', '1.6.0-alpha.1-28', 'windows', 'c++'] as const),
  ],
  ['++eth/v0.9.41-ed7a8a35/Windows', '++eth', '0.9.41', 'windows'],
  ['Ethereum(J)/v1.4.0/Linux/Release/Java/harmony', 'ethereum(j)', '1.4.0', 'linux', 'java'],
  ['Trinity/v0.1.0-alpha.36/linux/cpython3.8.0', 'trinity', '0.1.0-alpha.36', 'linux', 'cpython3.8.0'],
  ['Trinity/v0.1.0a36/linux/cpython3.8.0', 'trinity', '0.1.0a36', 'linux', 'cpython3.8.0'],
  [
    'mantis/v3.0-cd5ae33/linux-amd64/ubuntu-openjdk64bitservervm-java-11.0.9',
    ...(['mantis', '3.0', 'linux', 'ubuntu-openjdk64bitservervm-java-11.0.9'] as const),
  ],
  ['devp2p-node/v0.1.0/linux-x64/node-v20.20.2', 'devp2p-node', '0.1.0', 'linux', 'node-v20.20.2'],
];

/** Client ids with a user-defined identity before the version. */
const identities: readonly Row[] = [
  ['Geth/my node/v1.17.5-stable/windows-amd64/go1.24', 'geth', '1.17.5', 'windows', 'go1.24'],
  ['Geth/v2.0.0/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1', 'geth', '1.17.5', 'linux', 'go1.24.1'],
  ['Geth/1.2.3.4/v1.17.5-stable/linux-amd64/go1.24.1', 'geth', '1.17.5', 'linux', 'go1.24.1'],
  ['Geth/a/9.9.9/windows/go1.1/v1.17.5-stable/linux-amd64/go1.24.1', 'geth', '1.17.5', 'linux', 'go1.24.1'],
  ['Geth/v2.0.0/unreadable/linux-amd64/go1.24.1', 'geth', undefined, 'linux', 'go1.24.1'],
  [
    'CoreGeth/EthereumClassic/v1.12.8-stable-654bc751/linux-amd64/go1.18.3',
    ...(['coregeth', '1.12.8', 'linux', 'go1.18.3'] as const),
  ],
  ['Gubiq/v9.9.9/v3.0.1-andromeda-834c1f86/linux-amd64/go1.13.5', 'gubiq', '3.0.1-andromeda', 'linux', 'go1.13.5'],
  ['bor/validator-1.0.0/v2.0.3/linux-amd64/go1.24.3', 'bor', '2.0.3', 'linux', 'go1.24.3'],
  ['erigon/1.1/2.60.7/linux-amd64/go1.21.5', 'erigon', '2.60.7', 'linux', 'go1.21.5'],
  ['besu/v1.0/v25.4.1/linux-x86_64/openjdk-java-21', 'besu', '25.4.1', 'linux', 'openjdk-java-21'],
  ['besu/v1.0/v25.4.1/linux-x86_64/semeru-vm', 'besu', '25.4.1', 'linux', 'java'],
  [
    'Parity-Ethereum/1.0.0/v2.5.13-stable-253ff3f37b-20191231/x86_64-linux-gnu/rustc1.40.0',
    ...(['parity-ethereum', '2.5.13', 'linux', 'rustc1.40.0'] as const),
  ],
  [
    'ethrex/v2.0.0-feat/1.2.3-0c2fb441/x86_64-unknown-linux-gnu/rustc-v1.87.0',
    ...(['ethrex', '2.0.0-feat', 'linux', 'rustc-v1.87.0'] as const),
  ],
  ['Ethereum(J)/v1.4.0/Linux/Dev/Java/2.0.0', 'ethereum(j)', '1.4.0', 'linux', 'java'],
];

/** Client ids with missing parts or hostile content. */
const hostile: readonly Row[] = [
  ['Geth/linux-amd64/go1.24', 'geth', undefined, 'linux', 'go1.24'],
  ['Geth/go1.24', 'geth', undefined, undefined, 'go1.24'],
  ['Geth', 'geth', undefined, undefined, 'go'],
  ['Geth/', 'geth', undefined, undefined, 'go'],
  ['google-node/x', 'google-node'],
  ['SomethingElse', 'somethingelse'],
  ['SomethingElse/v1.0.0/linux', 'somethingelse', '1.0.0', 'linux'],
  ['SomethingElse/linux/v1.0.0', 'somethingelse'],
  ['constructor', 'constructor'],
  ['__proto__/v1.0.0', '__proto__', '1.0.0'],
  ['///', undefined],
  ['', undefined],
  ['x\u001b[31m/v1.0.0', 'x\ufffd[31m', '1.0.0'],
  ['Geth/v1.0\u202e.0/linux-amd64/go1.24', 'geth', undefined, 'linux', 'go1.24'],
  // Identities of any length. A client id that is cut has no identifiable version.
  [`Geth/${'x'.repeat(300)}/v1.17.5/linux-amd64/go1.24`, 'geth', '1.17.5', 'linux', 'go1.24'],
  [`Geth/${'v6.6.6/'.repeat(300)}v1.17.5/linux-amd64/go1.24`, 'geth', undefined, undefined, 'go'],
  [`reth/v1.4.3-fe2ae9e/${'v6.6.6/'.repeat(300)}`, 'reth', '1.4.3', undefined, 'rust'],
  ['9'.repeat(2_000), '9'.repeat(48)],
];

test.each([
  ['of clients and forks of clients', clients],
  ['with an identity', identities],
  ['that lack something', hostile],
])('CR-01 client ids %s are read for name, version, system and language', (_, rows) => {
  for (const [id, name, version, os, language] of rows) {
    const { name: n, version: v, os: o, language: l } = parseClientName(id);
    expect({ id, is: [n, v, o, l] }).toEqual({ id, is: [name, version, os, language] });
  }
});

test('CR-01 the version is the part at its position, for any identity', () => {
  const identity = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('v1.2.3', '9.9.9', 'linux-amd64', 'go1.1', 'a/v2.0.0-stable/linux-amd64/go1.2'),
  );
  fc.assert(
    fc.property(identity, (name) => {
      const of = (client: string, tail: string) => parseClientName(`${client}/${name}/${tail}`);
      expect(of('Geth', 'v1.17.5-stable/linux-amd64/go1.24.1')).toEqual({
        name: 'geth',
        version: '1.17.5',
        os: 'linux',
        language: 'go1.24.1',
      });
      expect(of('besu', 'v25.4.1/osx-x86_64/openjdk-java-21')).toEqual({
        name: 'besu',
        version: '25.4.1',
        os: 'macos',
        language: 'openjdk-java-21',
      });
    }),
  );
});

test('CR-01 a name is cut between characters', () => {
  const { name } = parseClientName(`${'x'.repeat(47)}\u{1f600}/v1.0.0/linux/go1.24`);
  expect(name).toBe('x'.repeat(47));
});

test('CR-01 no client id throws or yields terminal control characters', () => {
  const id = fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), fc.string({ maxLength: 600 }));
  fc.assert(
    fc.property(id, (text) => {
      const parts = Object.values(parseClientName(text));
      for (const part of parts) {
        expect(part).not.toBe('');
        expect(part.length).toBeLessThanOrEqual(64);
        expect(printable(part)).toBe(part);
      }
    }),
    { numRuns: 100 },
  );
});

test('CR-11 invisible characters in text from the network are replaced', () => {
  expect(printable('a\u0000b\u009bc\u202ed\u2028e\ud800f')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf');
  expect(printable('Geth/größe/v1 ✓ 🚀')).toBe('Geth/größe/v1 ✓ 🚀');
});
