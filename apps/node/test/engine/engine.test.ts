import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { toHex } from '@devp2p/enr';
import { type Header, sealHeader } from '@devp2p/eth';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LocalChain, openChain } from '../../src/chain/chain.ts';
import type { ChainConfig } from '../../src/chain/chain-config.ts';
import { Consensus } from '../../src/engine/consensus.ts';
import { versionedHashes } from '../../src/engine/payload.ts';
import type { Namespace } from '../../src/rpc/api.ts';
import { engineNamespace } from '../../src/rpc/engine.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { blocks, genesis } from '../sync/demo-blocks.ts';
import { payloadJson } from './payload-json.ts';

/** As far as the chain has them; the others are what the consensus layer tells of. */
const length = 700;
const zero = `0x${'00'.repeat(32)}`;
const hex = (bytes: Uint8Array | undefined): string => `0x${toHex(bytes ?? new Uint8Array(32))}`;
const block = (number: number): CompleteBlock => blocks[number] as CompleteBlock;
const syncing = { status: 'SYNCING', latestValidHash: null, validationError: null };

let folder: string;
let chain: LocalChain;
let consensus: Consensus;
let engine: Namespace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engine-'));
  chain = await openChain({ location: folder, genesis, clock: systemClock, crypto });
  await chain.append(blocks.slice(1, length + 1));
});
beforeEach(() => {
  consensus = new Consensus();
  engine = engineNamespace({ chain, consensus, crypto });
});
afterAll(async () => {
  await chain.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @throws RpcError */
async function call(method: string, ...params: unknown[]): Promise<unknown> {
  return engine.methods[method]?.(params);
}

const forkOf = ({ timestamp }: Header): 'V1' | 'V2' | 'V3' | 'V4' => {
  const { shanghai, cancun, prague } = genesis.config.forks;
  if (timestamp >= prague) return 'V4';
  if (timestamp >= cancun) return 'V3';
  return timestamp >= shanghai ? 'V2' : 'V1';
};

/** The parameters that go with a block of the demo's chain, which has no requests. */
function paramsOf(one: CompleteBlock, payload: object = payloadJson(one)): unknown[] {
  const version = forkOf(one.header);
  if (version === 'V1' || version === 'V2') return [payload];
  const hashes = versionedHashes([...one.body.transactions]).map(hex);
  const root = hex(one.header.parentBeaconBlockRoot);
  return version === 'V3' ? [payload, hashes, root] : [payload, hashes, root, []];
}

const newPayload = (one: CompleteBlock, payload?: object): Promise<unknown> =>
  call(`newPayload${forkOf(one.header)}`, ...paramsOf(one, payload));

/** The block after another one, with something changed, and sealed anew. */
function changed(one: CompleteBlock, change: Partial<Header>): CompleteBlock {
  return { ...one, header: sealHeader({ ...one.header, ...change }, crypto) };
}

const choose = (head: Uint8Array | string, safe = zero, finalized = zero, version = 'V3') =>
  call(`forkchoiceUpdated${version}`, {
    headBlockHash: typeof head === 'string' ? head : hex(head),
    safeBlockHash: safe,
    finalizedBlockHash: finalized,
  });

describe('newPayload', () => {
  test('ND-09 every block of four forks is recognized by its hash, and nothing is ever VALID', async () => {
    const versions = new Set<string>();
    for (const one of blocks.slice(1)) {
      versions.add(forkOf(one.header));
      expect(await newPayload(one)).toEqual(syncing);
    }
    expect([...versions]).toEqual(['V1', 'V2', 'V3', 'V4'].slice(-versions.size));
    expect(versions.size).toBeGreaterThan(2);
  });

  test.each([
    ['its state root', { stateRoot: `0x${'11'.repeat(32)}` }],
    ['its parent', { parentHash: `0x${'11'.repeat(32)}` }],
    ['its gas', { gasUsed: '0x1' }],
    ['its hash', { blockHash: `0x${'11'.repeat(32)}` }],
    ['its transactions', { transactions: [] }],
  ])('ND-09 a payload with another value for %s has another hash', async (_, change) => {
    const one = blocks.find(
      ({ body, header }) => body.transactions.length > 0 && forkOf(header) === 'V4',
    ) as CompleteBlock;
    const answer = await newPayload(one, { ...payloadJson(one), ...change });
    expect(answer).toEqual({
      status: 'INVALID',
      latestValidHash: null,
      validationError: expect.stringMatching(/^block hash is 0x[0-9a-f]{64}$/),
    });
    // What the block of that hash really holds is another matter.
    expect(await newPayload(one)).toEqual(syncing);
  });

  test.each([
    ['an empty transaction', ['0x']],
    ['a transaction that is no RLP', ['0xc3']],
    ['a blob transaction without its fields', ['0x03c0']],
  ])('ND-09 %s is INVALID', async (_, transactions) => {
    const one = block(length + 1);
    const answer = await newPayload(one, { ...payloadJson(one), transactions });
    expect(answer).toMatchObject({ status: 'INVALID', latestValidHash: null });
  });

  test('ND-09 versioned hashes that are not the blobs’ are INVALID', async () => {
    const one = block(length + 1);
    const [payload, hashes, ...rest] = paramsOf(one);
    const more = [...(hashes as string[]), `0x01${'00'.repeat(31)}`];
    expect(await call('newPayloadV4', payload, more, ...rest)).toMatchObject({ status: 'INVALID' });
  });

  test('ND-09 a block on ours that breaks a rule is INVALID, what follows it too, and it stays so', async () => {
    const bad = changed(block(length + 1), { gasLimit: 1_000_000_000 });
    const refused = {
      status: 'INVALID',
      latestValidHash: null,
      validationError: expect.stringContaining('gas limit'),
    };
    expect(await newPayload(bad)).toEqual(refused);
    const child = changed(block(length + 2), { parentHash: bad.header.hash });
    expect(await newPayload(child)).toEqual(refused);
    const grandchild = changed(block(length + 3), { parentHash: child.header.hash });
    expect(await newPayload(grandchild)).toEqual(refused);
    expect(await newPayload(bad)).toEqual(refused);
    const answer = await choose(grandchild.header.hash);
    expect(answer).toEqual({ payloadStatus: refused, payloadId: null });
    expect(consensus.head).toBeUndefined();
  });

  test('ND-09 each version is for its forks', async () => {
    const [paris, shanghai, cancun, prague] = (['V1', 'V2', 'V3', 'V4'] as const).map((version) =>
      blocks.slice(1).find(({ header }) => forkOf(header) === version),
    );
    const unsupported = { code: 'unsupported-fork' };
    const invalid = { code: 'invalid-params' };
    const p = paramsOf(prague as CompleteBlock);
    await expect(call('newPayloadV3', ...p.slice(0, 3))).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV2', p[0])).rejects.toMatchObject(unsupported);
    const c = paramsOf(cancun as CompleteBlock);
    await expect(call('newPayloadV4', ...c, [])).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV1', c[0])).rejects.toMatchObject(invalid);
    const s = paramsOf(shanghai as CompleteBlock);
    await expect(call('newPayloadV3', s[0], [], zero)).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV1', s[0])).rejects.toMatchObject(invalid);
    if (paris) {
      const withdrawals = { ...payloadJson(paris), withdrawals: [] };
      await expect(call('newPayloadV2', withdrawals)).rejects.toMatchObject(invalid);
      expect(await call('newPayloadV2', payloadJson(paris))).toEqual(syncing);
    }
    expect(Object.keys(engine.methods)).not.toContain('newPayloadV5');
  });

  const whole = () => payloadJson(block(length + 1));
  test.each([
    ['no object', 7, /^invalid argument 0: /],
    [
      'a short hash',
      { ...whole(), stateRoot: '0x11' },
      /^invalid argument 0: stateRoot: expected 0x and 64 hex digits/,
    ],
    [
      'a number with a leading zero',
      { ...whole(), gasUsed: '0x01' },
      /^invalid argument 0: gasUsed: /,
    ],
    [
      'a number beyond 2^53',
      { ...whole(), timestamp: '0x20000000000000' },
      /^invalid argument 0: timestamp: expected less than 2\^53/,
    ],
    [
      'a field that is null',
      { ...whole(), withdrawals: null },
      /^invalid argument 0: withdrawals: missing/,
    ],
    [
      'a transaction in no hex',
      { ...whole(), transactions: ['0xzz'] },
      /^invalid argument 0: transactions\.0: /,
    ],
  ])('ND-09 HX-27 %s is named', async (_, payload, message) => {
    const [, ...rest] = paramsOf(block(length + 1));
    await expect(call('newPayloadV4', payload, ...rest)).rejects.toMatchObject({
      code: 'invalid-params',
      message: expect.stringMatching(message),
    });
  });

  test.each([[['0x']], [['0x00']], [['0x0101', '0x0001']], [['0x0001', '0x0002']]])(
    'ND-09 requests %j are no list of requests',
    async (requests) => {
      const params = paramsOf(block(length + 1)).slice(0, 3);
      await expect(call('newPayloadV4', ...params, requests)).rejects.toMatchObject({
        code: 'invalid-params',
      });
    },
  );

  test('ND-09 requests are part of what is hashed', async () => {
    const one = block(length + 1);
    const params = paramsOf(one).slice(0, 3);
    expect(await call('newPayloadV4', ...params, ['0x0001'])).toMatchObject({ status: 'INVALID' });
  });

  test('ND-09 where Amsterdam is scheduled there is a version for it', async () => {
    const config: ChainConfig = {
      ...genesis.config,
      forks: { ...genesis.config.forks, amsterdam: block(length + 1).header.timestamp },
    };
    const { numberOf, check } = chain;
    const parts = { genesis: { ...genesis, config }, numberOf, check };
    engine = engineNamespace({ chain: parts, consensus, crypto });
    const accesses = Uint8Array.of(0xc1, 0x80);
    const one = changed(block(length + 2), {
      blockAccessListHash: crypto.keccak256(accesses),
      slotNumber: 77,
    });
    const payload = { ...payloadJson(one), blockAccessList: hex(accesses) };
    const [, ...rest] = paramsOf(one);
    expect(await call('newPayloadV5', payload, ...rest)).toEqual(syncing);
    const other = { ...payload, blockAccessList: '0xc0' };
    expect(await call('newPayloadV5', other, ...rest)).toMatchObject({ status: 'INVALID' });
    const { blockAccessList: _, ...less } = payload;
    await expect(call('newPayloadV5', less, ...rest)).rejects.toMatchObject({
      code: 'invalid-params',
      message: 'invalid argument 0: blockAccessList: missing',
    });
    const list = (await call('exchangeCapabilities', [])) as string[];
    expect(list).toContain('engine_newPayloadV5');
  });
});

describe('forkchoiceUpdated', () => {
  const answer = { payloadStatus: syncing, payloadId: null };

  test.each(['V1', 'V2', 'V3'])('ND-09 %s chooses the head, which is SYNCING', async (version) => {
    const { hash } = block(length + 5).header;
    let told = 0;
    consensus.onChange(() => told++);
    expect(await choose(hash, undefined, undefined, version)).toEqual(answer);
    expect(await choose(hash, undefined, undefined, version)).toEqual(answer);
    expect(consensus.head).toEqual(hash);
    expect(told).toBe(1);
  });

  test('ND-09 one head after another is chosen in the order of the calls', async () => {
    const heads = [3, 900, 5, 901, 7].map((number) => block(number).header.hash);
    await Promise.all(heads.map((hash) => choose(hash)));
    expect(consensus.head).toEqual(heads.at(-1));
  });

  test('ND-09 of a head that we have, safe and finalized blocks must be ancestors', async () => {
    const [older, head] = [hex(block(600).header.hash), block(650).header.hash];
    const [newer, other] = [hex(block(651).header.hash), `0x${'22'.repeat(32)}`];
    expect(await choose(head, older, older)).toEqual(answer);
    for (const [safe, finalized] of [
      [newer, older],
      [older, newer],
      [other, zero],
      [zero, other],
    ]) {
      await expect(choose(head, safe, finalized)).rejects.toMatchObject({
        code: 'invalid-forkchoice',
        number: -38002,
      });
    }
    // Of one that we lack nothing can be said.
    expect(await choose(block(900).header.hash, other, other)).toEqual(answer);
  });

  test('ND-09 a head of zeros is INVALID', async () => {
    expect(await choose(zero)).toMatchObject({ payloadStatus: { status: 'INVALID' } });
    expect(consensus.head).toBeUndefined();
  });

  test('ND-09 attributes of a payload to build are let pass, and none is built', async () => {
    const state = {
      headBlockHash: hex(block(710).header.hash),
      safeBlockHash: zero,
      finalizedBlockHash: zero,
    };
    expect(await call('forkchoiceUpdatedV3', state, { timestamp: '0x1' })).toEqual(answer);
    expect(await call('forkchoiceUpdatedV3', state, null)).toEqual(answer);
    await expect(call('forkchoiceUpdatedV3', state, 7)).rejects.toMatchObject({
      code: 'invalid-params',
    });
    await expect(call('forkchoiceUpdatedV3', { headBlockHash: zero })).rejects.toMatchObject({
      message: expect.stringMatching(/^invalid argument 0: safeBlockHash/),
    });
  });
});

test('ND-09 exchangeCapabilities lists what there is, itself not among it', async () => {
  const list = await call('exchangeCapabilities', ['engine_newPayloadV3']);
  expect(list).toEqual([
    ...['V1', 'V2', 'V3', 'V4'].map((version) => `engine_newPayload${version}`),
    ...['V1', 'V2', 'V3'].map((version) => `engine_forkchoiceUpdated${version}`),
  ]);
});

test('ND-09 no more than 1024 refused blocks are remembered, the latest', () => {
  const hashOf = (n: number) => new Uint8Array(32).fill(n & 255).fill(n >> 8, 16);
  for (let n = 0; n < 1_500; n++) consensus.refuse(hashOf(n), `${n}`);
  expect(consensus.refusal(hashOf(1_499))).toBe('1499');
  expect(consensus.refusal(hashOf(476))).toBe('476');
  expect(consensus.refusal(hashOf(475))).toBeUndefined();
});
