#!/usr/bin/env bash
# @ethereumjs/evm 10.1.3, seen on 2026-12-01: init code that reverts with output which begins with 0xef loses all of its
# gas and the output.
#
# EIP-3541 (London) ends a creation exceptionally if the code that the init code returns begins with 0xef. The output of
# a REVERT is no code: expected is a revert with the output and the rest of the gas, as in go-ethereum v1.17.10 (its
# initNewContract returns before that check when the init code failed), and as the package does for any other byte.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund @ethereumjs/evm@10.1.3 @ethereumjs/common@10.1.3
cat > run.mjs <<'JS'
import { Common, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';

/** Runs init code that writes a byte to memory and reverts with it. */
async function revertWith(byte, hardfork) {
  const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork }) });
  const data = Uint8Array.from([0x60, byte, 0x60, 0, 0x53, 0x60, 1, 0x60, 0, 0xfd]);
  const { execResult } = await evm.runCall({ data, gasLimit: 100_000n });
  const { exceptionError, executionGasUsed, returnValue } = execResult;
  return `${exceptionError?.error}, ${executionGasUsed} gas, ${returnValue.length} bytes`;
}

const seen = {
  'berlin, 0xef': await revertWith(0xef, 'berlin'),
  'london, 0xee': await revertWith(0xee, 'london'),
  'london, 0xef': await revertWith(0xef, 'london'),
};
console.log(seen);
const right = seen['berlin, 0xef'] === 'revert, 18 gas, 1 bytes' && seen['london, 0xee'] === seen['berlin, 0xef'];
process.exitCode = right && seen['london, 0xef'].endsWith(', 100000 gas, 0 bytes') ? 0 : 1;
JS
node run.mjs
