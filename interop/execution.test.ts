import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, test } from 'vitest';
import { runChain } from '../apps/node/test/execution/block/run-chain.ts';

/** Downloads a version of go-ethereum, unless the module cache has it. @returns the folder of its test chain */
function testdata(version: string): string {
  const module = `github.com/ethereum/go-ethereum@${version}`;
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  const output = execFileSync('go', ['mod', 'download', '-json', module], { env, encoding: 'utf8' });
  return join((JSON.parse(output) as { Dir: string }).Dir, 'cmd/devp2p/internal/ethtest/testdata');
}

test.each([
  ['v1.17.5', 0],
  ['v1.17.10', 565],
])('ND-07 FK-24 all blocks of the test chain of go-ethereum %s have its results', async (version, amsterdam) => {
  const folder = testdata(version);
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  let accessLists = 0;
  const head = await runChain(read('genesis.json').toString(), read('chain.rlp'), crypto, {
    onBlock: (_, result) => {
      if (result.accessList !== undefined) accessLists++;
    },
  });
  const expected = JSON.parse(read('headblock.json').toString()) as { number: string; hash: string };
  expect(head.number).toBe(Number(expected.number));
  expect(`0x${toHex(head.hash)}`).toBe(expected.hash);
  expect(accessLists).toBe(amsterdam);
});
