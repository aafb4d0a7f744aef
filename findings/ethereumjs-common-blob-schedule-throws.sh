#!/usr/bin/env bash
# @ethereumjs/common 10.1.3, seen on 2026-11-30: a genesis.json with a complete `blobSchedule` is accepted, and reading
# the blob parameters throws from bpo1 on.
#
# createCommonFromGethGenesis turns each entry of `blobSchedule` into a target and maximum counted in gas;
# getBlobGasSchedule reads a target and maximum counted in blobs from bpo1 on, and does not find them:
# "Missing parameter value for target". At Prague the same call succeeds. Every test network that schedules
# blob-parameter-only forks writes such a genesis.json, as go-ethereum asks for it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund @ethereumjs/common@10.1.3
cat > run.mjs <<'JS'
import { createCommonFromGethGenesis } from '@ethereumjs/common';

const zeroBlocks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin', 'london'];
const config = {
  chainId: 1337,
  ...Object.fromEntries(zeroBlocks.map((fork) => [`${fork}Block`, 0])),
  terminalTotalDifficulty: 0,
  ...{ shanghaiTime: 0, cancunTime: 0, pragueTime: 0, osakaTime: 100, bpo1Time: 200 },
  blobSchedule: {
    cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3338477 },
    prague: { target: 6, max: 9, baseFeeUpdateFraction: 5007716 },
    bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8346193 },
  },
};
const genesis = {
  config,
  ...{ nonce: '0x0', timestamp: '0x0', extraData: '0x', gasLimit: '0x1c9c380', difficulty: '0x0', alloc: {} },
  ...{ mixHash: `0x${'00'.repeat(32)}`, coinbase: `0x${'00'.repeat(20)}` },
};
const common = createCommonFromGethGenesis(genesis, { chain: 'example' });
const seen = {};
for (const fork of ['prague', 'bpo1']) {
  common.setHardfork(fork);
  try {
    seen[fork] = `max ${common.getBlobGasSchedule().maxBlobGasPerBlock / 131_072n} blobs`;
  } catch (error) {
    seen[fork] = error.message;
  }
}
console.log(seen);
const expected = { prague: 'max 9 blobs', bpo1: 'Missing parameter value for target' };
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node run.mjs
