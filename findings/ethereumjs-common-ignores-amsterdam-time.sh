#!/usr/bin/env bash
# @ethereumjs/common 10.1.3, seen on 2026-11-30: a genesis.json with `amsterdamTime` loses that fork without an error.
#
# createCommonFromGethGenesis reads shanghaiTime … osakaTime and bpo1Time … bpo5Time of go-ethereum's format and knows
# a hardfork named amsterdam, but does not read `amsterdamTime`. Expected is the fork in the list, or an error for an
# unknown fork time. Instead the chain stays at the previous fork, so that blocks after the fork are
# validated by the older rules.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund @ethereumjs/common@10.1.3
cat > run.mjs <<'JS'
import { createCommonFromGethGenesis, Hardfork } from '@ethereumjs/common';

const zeroBlocks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin', 'london'];
const config = {
  chainId: 1337,
  ...Object.fromEntries(zeroBlocks.map((fork) => [`${fork}Block`, 0])),
  terminalTotalDifficulty: 0,
  ...{ shanghaiTime: 0, cancunTime: 0, pragueTime: 0, osakaTime: 100, amsterdamTime: 200 },
};
const genesis = {
  config,
  ...{ nonce: '0x0', timestamp: '0x0', extraData: '0x', gasLimit: '0x1c9c380', difficulty: '0x0', alloc: {} },
  ...{ mixHash: `0x${'00'.repeat(32)}`, coinbase: `0x${'00'.repeat(20)}` },
};
const common = createCommonFromGethGenesis(genesis, { chain: 'example' });
const at = (timestamp) => common.getHardforkBy({ blockNumber: 1n, timestamp });
const seen = { knowsAmsterdam: Hardfork.Amsterdam === 'amsterdam', at150: at(150n), at200: at(200n), at100000: at(100_000n) };
console.log(seen);
const expected = { knowsAmsterdam: true, at150: 'osaka', at200: 'osaka', at100000: 'osaka' };
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node run.mjs
