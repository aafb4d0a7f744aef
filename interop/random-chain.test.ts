import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TransactionError, type TransactionErrorCode } from '../apps/node/src/errors/transaction-error.ts';
import type { BlockExecution } from '../apps/node/src/execution/block/block-execution.ts';
import { decodeTransaction } from '../apps/node/src/validation/decode-transaction.ts';
import { runChain } from '../apps/node/test/execution/block/run-chain.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const maker = join(here, 'bin/random-chain');
const blocks = 100;
let folder = '';

beforeAll(() => {
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  execFileSync('go', ['build', '-o', maker, './random-chain'], { cwd: here, env, stdio: 'inherit' });
  folder = mkdtempSync(join(tmpdir(), 'devp2p-random-chain-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A transaction that go-ethereum refused when the block had `position` transactions. */
interface Refusal {
  readonly raw: string;
  readonly position: number;
  readonly reason: string;
}

/** Beginnings of go-ethereum's errors. */
const reasons: readonly (readonly [RegExp, TransactionErrorCode])[] = [
  [/^nonce too /, 'transaction-nonce'],
  [/^insufficient funds/, 'balance'],
  [/^intrinsic gas too low|^insufficient gas for floor/, 'intrinsic-gas'],
  [/^gas limit reached/, 'block-gas'],
  [/^transaction gas limit too high/, 'gas-cap'],
  [/^invalid chain id/, 'chain-id'],
  [/^max fee per gas less/, 'fee-cap'],
  [/^max priority fee per gas higher/, 'priority-fee'],
  [/^max fee per blob gas less/, 'blob-fee'],
  [/^blob|^no room for blobs/, 'blobs'],
  [/^max initcode size/, 'init-code'],
  [/^EIP-7702 transaction with empty auth list/, 'transaction'],
];

async function expectRefusals(execution: BlockExecution, refused: readonly Refusal[]): Promise<void> {
  for (const { raw, position, reason } of refused) {
    if (position !== execution.length) continue;
    const expected = reasons.find(([pattern]) => pattern.test(reason))?.[1];
    const error = await execution.apply(decodeTransaction(Buffer.from(raw.slice(2), 'hex'))).catch((cause) => cause);
    expect(error, reason).toBeInstanceOf(TransactionError);
    expect((error as TransactionError).code, reason).toBe(expected);
  }
}

/** Every fork from Frontier to Gray Glacier with uncles; every fork from Paris to Amsterdam; Amsterdam alone. */
const rules = ['pow', 'pos', 'amsterdam'] as const;
const seeds = [1, 2, 3, 4];

test.each(rules.flatMap((name) => seeds.map((seed) => [name, seed] as const)))(
  'ND-07 FK-24 random transactions have the results of go-ethereum, rules %s, seed %i',
  async (name, seed) => {
    const flags = { rules: name, seed, blocks, out: folder };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`-${flag}`, `${value}`]);
    execFileSync(maker, args, { stdio: 'ignore' });
    const read = (file: string): Buffer => readFileSync(join(folder, file));
    const results = JSON.parse(read('results.json').toString()) as { refused: Refusal[] | null }[];
    let refusals = 0;
    const head = await runChain(read('genesis.json').toString(), read('chain.rlp'), crypto, {
      // Each block is executed a second time, with the refused transactions in between.
      onTransaction: async (execution, { header }) => {
        const refused = results[header.number - 1]?.refused ?? [];
        await expectRefusals(execution, refused);
        refusals += refused.length;
      },
    });
    expect(head.number).toBe(blocks);
    expect(refusals).toBeGreaterThan(0);
  },
);
