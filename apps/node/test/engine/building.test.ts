import { fromHex, toHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import { versionedHashes } from '../../src/engine/payload.ts';
import { fundedGenesis } from '../execution/funded-genesis.ts';
import { makeBlob, maker } from '../execution/kzg/blobs.ts';
import { signTransaction, type TestAccount } from '../execution/sign-transaction.ts';
import { alice, Builder, bob, carol, type Envelope, recipient, root, versionedHashOf } from './payload-maker.ts';
import { hex } from './scene.ts';

describe('payloads', () => {
  test('EN-21 EN-30 EN-33 in every fork a built payload is valid when it is sent back unchanged', async () => {
    const builder = await Builder.open();
    const seen = new Map<string, Envelope>();
    let nonce = 0;
    for (let time = 10; time <= 420; time += 10) {
      builder.give(alice, nonce);
      builder.give(alice, nonce + 1, { to: new Uint8Array(), gas: 500_000, data: fromHex('60015f555f5fa0') });
      builder.give(bob, nonce / 2, { type: 0 });
      nonce += 2;
      const envelope = await builder.next(time);
      expect(envelope.executionPayload.transactions).toHaveLength(3);
      expect(BigInt(envelope.blockValue)).toBeGreaterThan(0n);
      seen.set(builder.versions(time)[1], envelope);
    }
    expect([...seen.keys()]).toEqual(['V2', 'V3', 'V4', 'V5', 'V6']);
    const bundle = { commitments: [], proofs: [], blobs: [] };
    for (const [version, envelope] of seen) {
      const { executionPayload: payload, blockValue, ...rest } = envelope;
      expect(rest).toEqual({
        ...(version > 'V2' && { blobsBundle: bundle, shouldOverrideBuilder: false }),
        ...(version > 'V3' && { executionRequests: [] }),
      });
      expect(blockValue).toMatch(/^0x[1-9a-f]/);
      expect(payload).toMatchObject({ extraData: '0x010203', feeRecipient: hex(recipient), prevRandao: root });
      const fields = { V2: 15, V3: 17, V4: 17, V5: 17, V6: 19 }[version];
      expect(Object.keys(payload)).toHaveLength(fields as number);
    }
    expect(seen.get('V6')?.executionPayload).toMatchObject({
      blockAccessList: expect.stringMatching(/^0xf/),
      slotNumber: expect.stringMatching(/^0x/),
    });
  });

  test('EN-21 the first version is that of Paris', async () => {
    const builder = await Builder.open(
      fundedGenesis({
        shanghaiTime: 1_000,
        cancunTime: 2_000,
        pragueTime: 3_000,
        osakaTime: 4_000,
        bpo1Time: 5_000,
        bpo2Time: 6_000,
        amsterdamTime: 7_000,
      }),
    );
    builder.give(alice, 0);
    const { executionPayload } = await builder.next(10);
    expect(executionPayload.transactions).toHaveLength(1);
    expect(executionPayload).not.toHaveProperty('withdrawals');
  });

  test('EN-21 a version of another fork, and an unknown id, are refused', async () => {
    const builder = await Builder.open();
    const { payloadId } = await builder.choose(builder.head.hash, 'V2', builder.attributes(10));
    for (const version of ['V1', 'V3', 'V4', 'V5', 'V6']) {
      const call = builder.scene.call(`getPayload${version}`, payloadId);
      await expect(call).rejects.toMatchObject({ code: 'unsupported-fork', number: -38005 });
    }
    const unknown = { code: 'unknown-payload', number: -38001 };
    await expect(builder.scene.call('getPayloadV2', '0x0200000000000000')).rejects.toMatchObject(unknown);
    await expect(builder.scene.call('getPayloadV2', '0x02')).rejects.toMatchObject({ number: -32602 });
    expect(await builder.scene.call('getPayloadV2', payloadId)).toMatchObject({ blockValue: '0x0' });
  });

  test('EN-21 FK-17 a payload of each fork is returned by its version only', async () => {
    const builder = await Builder.open();
    const versions = ['V1', 'V2', 'V3', 'V4', 'V5', 'V6'];
    for (let time = 10; time <= 420; time += 10) {
      const [choose, own] = builder.versions(time);
      if (time % 60 === 10) {
        const { payloadId } = await builder.choose(builder.head.hash, choose, builder.attributes(time));
        for (const version of versions) {
          const taken = builder.scene.call(`getPayload${version}`, payloadId);
          if (version === own) expect(await taken).toBeDefined();
          else await expect(taken).rejects.toMatchObject({ number: -38005 });
        }
      }
      await builder.next(time);
    }
  });

  test('EN-31 a tip of 0.001 gwei is the lowest one that is included', async () => {
    const builder = await Builder.open();
    builder.give(alice, 0, { tip: 1_000_000n });
    builder.give(bob, 0, { tip: 999_999n });
    const { executionPayload } = await builder.next(10);
    expect(executionPayload.transactions).toEqual([hex((await builder.given.pending())[0]?.raw)]);
  });

  test('EN-29 EN-30 equal attributes have one payload, which does not change once it was taken', async () => {
    const builder = await Builder.open();
    builder.give(alice, 0);
    const first = await builder.build(10);
    builder.give(bob, 0);
    const again = await builder.build(10);
    expect(again).toEqual(first);
    expect(first.executionPayload.transactions).toHaveLength(1);
  });

  test('EN-31 EN-33 the value is the sum of the tips, and the highest tip comes first', async () => {
    const builder = await Builder.open();
    const gwei = 1_000_000_000n;
    builder.give(alice, 0, { tip: gwei });
    builder.give(bob, 0, { tip: 3n * gwei });
    const { executionPayload, blockValue } = await builder.next(10);
    expect(executionPayload.transactions).toHaveLength(2);
    expect(BigInt(blockValue)).toBe(4n * gwei * 21_000n);
    expect(executionPayload.transactions[0]).toBe(hex((await builder.given.pending())[1]?.raw));
  });

  test('EN-20 EN-32 attributes that allow no block are refused, and the head stays in force', async () => {
    const builder = await Builder.open();
    const { hash } = builder.head;
    const late = builder.choose(hash, 'V2', { ...builder.attributes(10), timestamp: '0x0' });
    await expect(late).rejects.toMatchObject({ number: -38003 });
    const next = await builder.next(10);
    // The gas limit has moved towards the target.
    const limit = Number(next.executionPayload.gasLimit);
    const parent = Number(builder.chain.genesis.header.gasLimit);
    expect(Math.abs(limit - parent)).toBeLessThan(parent / 1024);
    expect(Math.abs(limit - 50_000_000)).toBeLessThan(Math.abs(parent - 50_000_000));
  });
});

describe('blobs', () => {
  const blobs = [makeBlob(1), makeBlob(2), makeBlob(3)];
  const commitments = blobs.map((blob) => maker.blobToKzgCommitment(blob));
  const blobProofs = blobs.map((blob, i) => maker.computeBlobKzgProof(blob, commitments[i] as Uint8Array));
  const cellProofs = blobs.map((blob) => maker.computeCellsAndKzgProofs(blob).proofs);
  const blobHashes = commitments.map((commitment) => fromHex(versionedHashOf(hex(commitment)).slice(2)));

  /** Gives a transaction with some of the blobs. */
  function giveBlobs(
    builder: Builder,
    account: TestAccount,
    nonce: number,
    version: 0 | 1,
    from: number,
    to: number,
  ): void {
    const part = <T>(all: readonly T[]): T[] => all.slice(from, to);
    const { chainId } = builder.chain.genesis.config;
    const fields = { chainId, nonce, type: 3, to: recipient, blobHashes: part(blobHashes) } as const;
    const proofs = version === 0 ? part(blobProofs) : part(cellProofs).flat();
    const sidecar = { version, blobs: part(blobs), commitments: part(commitments), proofs };
    builder.given.add(signTransaction(account, fields), sidecar);
  }

  /** Empty blocks up to the last one before a time. */
  async function advanceTo(builder: Builder, time: number): Promise<void> {
    while (builder.head.time < time - 10) await builder.next(builder.head.time + 10);
  }

  test.each([
    ['V3', 70, 0],
    ['V4', 130, 0],
    ['V5', 190, 1],
    ['V6', 370, 1],
  ] as const)(
    'EN-21 getPayload%s returns the blobs of its transactions, in their order',
    async (get, time, version) => {
      const builder = await Builder.open();
      await advanceTo(builder, time);
      expect(builder.versions(time)[1]).toBe(get);
      giveBlobs(builder, alice, 0, version, 0, 2);
      builder.give(alice, 1);
      giveBlobs(builder, bob, 0, version, 2, 3);
      // Its proofs are those of other forks, so it stays out.
      giveBlobs(builder, carol, 0, version === 0 ? 1 : 0, 0, 1);
      const { executionPayload: payload, blobsBundle } = await builder.next(time);
      expect(payload.transactions).toHaveLength(3);
      expect(payload.blobGasUsed).toBe(`0x${(3 * 131_072).toString(16)}`);
      const included = payload.transactions.flatMap((raw) => versionedHashes([fromHex(raw.slice(2))])).map(toHex);
      expect(blobsBundle?.commitments.map((one) => versionedHashOf(one).slice(2))).toEqual(included);
      const order = included.map((hash) => blobHashes.findIndex((one) => toHex(one) === hash));
      expect(order.toSorted()).toEqual([0, 1, 2]);
      const sorted = <T>(all: readonly T[]): T[] => order.map((at) => all[at] as T);
      const proofs = version === 0 ? sorted(blobProofs) : sorted(cellProofs).flat();
      expect(blobsBundle?.blobs).toEqual(sorted(blobs).map(hex));
      expect(blobsBundle?.proofs).toEqual(proofs.map(hex));
      expect(blobsBundle?.proofs).toHaveLength(version === 0 ? 3 : 3 * 128);
    },
  );

  test('EN-21 EN-31 the last blobs that fit are in the bundle, and none of a transaction that is left out', async () => {
    const builder = await Builder.open();
    await advanceTo(builder, 70);
    // Six blobs are the most of Cancun.
    for (let nonce = 0; nonce < 3; nonce++) giveBlobs(builder, alice, nonce, 0, 0, 3);
    const { executionPayload, blobsBundle } = await builder.next(70);
    expect(executionPayload.transactions).toHaveLength(2);
    expect(blobsBundle?.commitments).toEqual([...commitments, ...commitments].map(hex));
  });
});

test('EN-25 FK-17 with execution getPayload is among the capabilities', async () => {
  const { scene } = await Builder.open();
  const list = (await scene.call('exchangeCapabilities', [])) as string[];
  const get = list.filter((name) => name.includes('getPayloadV'));
  expect(get.toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((version) => `engine_getPayloadV${version}`));
  for (const name of list) expect(scene.engine.namespace.methods[name.replace('engine_', '')]).toBeTypeOf('function');
});
