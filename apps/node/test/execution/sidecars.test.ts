import { join } from 'node:path';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, onTestFinished, test } from 'vitest';
import { openKzg } from '../../src/execution/kzg/kzg.ts';
import { executorOf } from '../../src/execution/open-executor.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { accounts, fundedGenesis } from './funded-genesis.ts';

const kzg = openKzg();
// Neither is a constant polynomial, whose proofs are all the same.
const blobs = [1, 2].map((seed) =>
  Uint8Array.from({ length: 131_072 }, (_, i) => (i % 32 === 31 ? (i * seed) >> 5 : 0)),
);
const commitments = blobs.map((blob) => kzg.commitment(blob));

async function open() {
  const genesis = fundedGenesis();
  const location = join(temporaryDirectory(), 'state');
  const openExecutor = executorOf({ location, genesis, threads: false, crypto, clock: createVirtualClock() });
  const executor = await openExecutor({ ancestors: async () => [] });
  onTestFinished(() => executor.close());
  return { executor, genesis };
}

test('TP-08 proofs of cells are computed and verified by the execution', async () => {
  const { executor } = await open();
  const proofs = (await executor.cellProofs?.(blobs)) ?? [];
  expect(proofs).toHaveLength(256);
  expect(await executor.verifySidecar?.({ version: 1, blobs, commitments, proofs })).toBe(true);
  const wrong = [...proofs.slice(1), proofs[0] as Uint8Array];
  expect(await executor.verifySidecar?.({ version: 1, blobs, commitments, proofs: wrong })).toBe(false);
  expect(await executor.cellProofs?.([new Uint8Array(131_072).fill(0xff)])).toBeUndefined();
  const noCurve = [new Uint8Array(48).fill(7), commitments[1] as Uint8Array];
  expect(await executor.verifySidecar?.({ version: 1, blobs, commitments: noCurve, proofs })).toBe(false);
});

test('TP-14 accounts after a block are read in one request', async () => {
  const { executor, genesis } = await open();
  const [first] = accounts;
  const addresses: Uint8Array[] = Array.from({ length: 1_500 }, (_, i) => new Uint8Array(20).fill(i + 1));
  addresses[700] = (first as (typeof accounts)[number]).address;
  const read = (await executor.accounts?.(genesis.header.hash, addresses)) ?? [];
  expect(read).toHaveLength(1_500);
  expect(read[700]).toEqual({ nonce: 0n, balance: 10n ** 22n, hasCode: false });
  expect(read[0]).toBeUndefined();
  const missing = executor.accounts?.(new Uint8Array(32), addresses);
  await expect(missing).rejects.toMatchObject({ code: 'no-state' });
});
