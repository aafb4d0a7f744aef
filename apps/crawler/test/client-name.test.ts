import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseClientName, printable } from '../src/client-name.ts';

const table: readonly [string, string | undefined, string?, string?, string?][] = [
  ['Geth/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1', 'geth', '1.17.5', 'linux', 'go1.24.1'],
  ['Geth/my node/v1.17.5-stable/windows-amd64/go1.24', 'geth', '1.17.5', 'windows', 'go1.24'],
  [
    'Geth/v1.17.6-unstable-0c2fb441-20260102/darwin-arm64/go1.25.0',
    'geth',
    '1.17.6-unstable',
    'macos',
    'go1.25.0',
  ],
  [
    'Nethermind/v1.30.0+78a4bd7f/linux-x64/dotnet9.0.1',
    'nethermind',
    '1.30.0',
    'linux',
    'dotnet9.0.1',
  ],
  ['erigon/v3.0.4-97da5c28/linux-amd64/go1.23.4', 'erigon', '3.0.4', 'linux', 'go1.23.4'],
  ['besu/v25.4.1/linux-x86_64/openjdk-java-21', 'besu', '25.4.1', 'linux', 'openjdk-java-21'],
  [
    'besu/v25.5.0-develop-0c2fb44/osx-aarch_64/corretto-java-21',
    'besu',
    '25.5.0-develop',
    'macos',
    'corretto-java-21',
  ],
  ['reth/v1.4.3-fe2ae9e/x86_64-unknown-linux-gnu', 'reth', '1.4.3', 'linux', 'rust'],
  ['reth/v1.4.3-rc.1/aarch64-apple-darwin', 'reth', '1.4.3-rc.1', 'macos', 'rust'],
  [
    'ethrex/v2.0.0-main-0c2fb441/x86_64-unknown-linux-gnu/rustc-v1.87.0',
    'ethrex',
    '2.0.0-main',
    'linux',
    'rustc-v1.87.0',
  ],
  ['nimbus-eth1 v0.1.0 [linux: amd64, rocksdb, 0c2fb441]', 'nimbus-eth1', '0.1.0', 'linux', 'nim'],
  [
    'nimbus-eth1/v0.2.0-0c2fb441/linux-amd64/Nim-2.2.4',
    'nimbus-eth1',
    '0.2.0',
    'linux',
    'nim-2.2.4',
  ],
  ['EthereumJS/0.10.1/linux/node20.11.0', 'ethereumjs', '0.10.1', 'linux', 'node20.11.0'],
  ['devp2p-node/v0.1.0/linux-x64/node-v20.20.2', 'devp2p-node', '0.1.0', 'linux', 'node-v20.20.2'],
  [
    'OpenEthereum/v3.3.5-stable-6c2d392d8-20220405/x86_64-linux-gnu/rustc1.58.1',
    'openethereum',
    '3.3.5',
    'linux',
    'rustc1.58.1',
  ],
  ['bor/v2.0.3/linux-amd64/go1.24.3', 'bor', '2.0.3', 'linux', 'go1.24.3'],
  ['google-node/x', 'google-node'],
  ['SomethingElse', 'somethingelse'],
  ['constructor', 'constructor'],
  ['///', undefined],
  ['', undefined],
  ['x\u001b[31m/v1.0.0', 'x\ufffd[31m', '1.0.0'],
];

test('CR-01 client ids are read for name, version, system and language', () => {
  for (const [id, name, version, os, language] of table) {
    const { name: n, version: v, os: o, language: l } = parseClientName(id);
    expect({ id, is: [n, v, o, l] }).toEqual({ id, is: [name, version, os, language] });
  }
});

test('CR-01 no client id makes the reading fail, or lets through what steers a terminal', () => {
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

test('CR-11 text from the network is shown without what is invisible', () => {
  expect(printable('a\u0000b\u009bc\u202ed\u2028e\ud800f')).toBe(
    'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf',
  );
  expect(printable('Geth/größe/v1 ✓ 🚀')).toBe('Geth/größe/v1 ✓ 🚀');
});
