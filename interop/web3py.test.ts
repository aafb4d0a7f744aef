import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { initCode, startDevNode, topic } from './dev-node.ts';
import { installWeb3 } from './web3py/install.ts';

const script = fileURLToPath(new URL('web3py/wallet.py', import.meta.url));

test('RP-24 web3.py reads, sends transactions of types 0, 1, 2 and 4, and uses a contract', async () => {
  const python = installWeb3();
  const node = await startDevNode();
  try {
    const [, , , key = ''] = node.keys;
    const { stdout } = await promisify(execFile)(python, [script, node.http, key, initCode, topic]);
    expect(stdout.trim().split('\n')).toEqual(['reads', 'sends', 'contracts']);
  } finally {
    await node.stop();
  }
}, 900_000);
