#!/usr/bin/env bash
# @ethereumjs/common 10.1.3, seen on 2026-11-30: EIP-7934, the 8 MiB limit of a block's encoding, is not active at Osaka.
#
# EIP-7607 lists EIP-7934 among the changes of Osaka, and the package has the EIP in its table. Expected is that
# isActivatedEIP(7934) is true from Osaka on, like its neighbours 7594, 7825 and 7951. It is false, so that code which
# asks the library whether to check the size of a block never checks it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund @ethereumjs/common@10.1.3
cat > run.mjs <<'JS'
import { Common, Mainnet } from '@ethereumjs/common';

const common = new Common({ chain: Mainnet, hardfork: 'osaka' });
const seen = Object.fromEntries([7594, 7825, 7951, 7934].map((eip) => [eip, common.isActivatedEIP(eip)]));
console.log(seen);
const expected = { 7594: true, 7825: true, 7951: true, 7934: false };
process.exitCode = Object.entries(expected).every(([eip, active]) => seen[eip] === active) ? 0 : 1;
JS
node run.mjs
