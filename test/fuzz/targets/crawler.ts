import { parseClientName, printable } from '../../../apps/crawler/src/model/client-name.ts';
import { type Target, target } from '../target.ts';

const clientIds = [
  'Geth/v1.17.10-stable-0c2fb441/linux-amd64/go1.25.1',
  'Geth/my.node/v1.2.3/v1.17.5-stable/windows-amd64/go1.24',
  'erigon/v3.1.0-abcdef12/linux-amd64/go1.24.1',
  'reth/v1.8.2-9c30bf7/x86_64-unknown-linux-gnu',
  'Nethermind/v1.34.0+78a4bd7/linux-x64/dotnet9.0.0',
  'besu/v25.9.0/linux-x86_64/openjdk-java-21',
  'nimbus-eth1 v0.1.0 [linux: amd64, rocksdb, 38bb1eb]',
];

export const crawlerTargets: readonly Target[] = [
  target({
    name: 'crawler client id',
    structure: 'text',
    words: ['/', '//', 'v1.2.3', '-stable', '+', ' [', '\u202e', '\ufeff', 'go1.25', '(', ')'],
    corpus: clientIds,
    errors: [],
    decode: parseClientName,
    check(parsed) {
      for (const [field, value] of Object.entries(parsed)) {
        const isFit = value.length <= 48 && value === printable(value);
        if (!isFit) throw new Error(`${field}: ${JSON.stringify(value)}`);
      }
    },
  }),
];
