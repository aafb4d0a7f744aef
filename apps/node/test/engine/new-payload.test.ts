import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { Header } from '@devp2p/eth';
import { encode, type Tree, tree } from '@devp2p/rlp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { blocks } from '../sync/demo-blocks.ts';
import { payloadJson } from './payload-json.ts';
import {
  block,
  changed,
  EngineScene,
  forkOf,
  hex,
  length,
  openScene,
  paramsOf,
  syncing,
  withForks,
  zero,
} from './scene.ts';

let chain: LocalChain;
let close: () => Promise<void>;
let scene: EngineScene;
beforeAll(async () => {
  ({ chain, close } = await openScene());
});
beforeEach(() => {
  scene = new EngineScene(chain);
});
afterAll(() => close());

const call: EngineScene['call'] = (...args) => scene.call(...args);
const newPayload: EngineScene['newPayload'] = (...args) => scene.newPayload(...args);

describe('newPayload', () => {
  test('EN-09 EN-36 ND-09 every block of four forks has its hash, and none is VALID', async () => {
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
  ])('EN-13 ND-09 a payload with another value for %s has another hash', async (_, change) => {
    const one = blocks.find(
      ({ body, header }) => body.transactions.length > 0 && forkOf(header) === 'V4',
    ) as CompleteBlock;
    const answer = await newPayload(one, { ...payloadJson(one), ...change });
    expect(answer).toEqual({
      status: 'INVALID',
      latestValidHash: null,
      validationError: expect.stringMatching(/^block hash is 0x[0-9a-f]{64}$/),
    });
    // The block with the original value keeps its status.
    expect(await newPayload(one)).toEqual(syncing);
  });

  test.each([
    ['an empty transaction', ['0x']],
    ['a transaction that is not RLP', ['0xc3']],
    ['a blob transaction without its fields', ['0x03c0']],
  ])('EN-06 ND-09 %s is INVALID', async (_, transactions) => {
    const one = block(length + 1);
    const answer = await newPayload(one, { ...payloadJson(one), transactions });
    expect(answer).toMatchObject({ status: 'INVALID', latestValidHash: null });
  });

  test('EN-12 ND-09 versioned hashes that do not match the blobs are INVALID', async () => {
    const one = block(length + 1);
    const [payload, hashes, ...rest] = paramsOf(one);
    const more = [...(hashes as string[]), `0x01${'00'.repeat(31)}`];
    expect(await call('newPayloadV4', payload, more, ...rest)).toMatchObject({ status: 'INVALID' });
  });

  test('EN-15 EN-16 ND-09 a block on the head that breaks a rule is INVALID, its descendants too, also when repeated', async () => {
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
    const answer = await scene.choose(grandchild.header.hash);
    expect(answer).toEqual({ payloadStatus: refused, payloadId: null });
    expect(scene.forkChoice.head).toBeUndefined();
  });

  test('EN-09 EN-10 ND-09 each version checks its structure, then its forks', async () => {
    const [paris, shanghai, cancun, prague] = (['V1', 'V2', 'V3', 'V4'] as const).map((version) =>
      blocks.slice(1).find(({ header }) => forkOf(header) === version),
    );
    const unsupported = { code: 'unsupported-fork', number: -38005 };
    const invalid = { code: 'invalid-params', number: -32602 };
    const p = paramsOf(prague as CompleteBlock);
    await expect(call('newPayloadV3', ...p.slice(0, 3))).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV2', p[0])).rejects.toMatchObject(unsupported);
    const c = paramsOf(cancun as CompleteBlock);
    await expect(call('newPayloadV2', c[0])).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV4', ...c, [])).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV1', c[0])).rejects.toMatchObject(invalid);
    const s = paramsOf(shanghai as CompleteBlock);
    await expect(call('newPayloadV3', s[0], [], zero)).rejects.toMatchObject(invalid);
    await expect(call('newPayloadV1', s[0])).rejects.toMatchObject(invalid);
    const { withdrawals, ...bare } = payloadJson(shanghai as CompleteBlock);
    expect(withdrawals).toEqual([]);
    await expect(call('newPayloadV1', bare)).rejects.toMatchObject(unsupported);
    await expect(call('newPayloadV2', bare)).rejects.toMatchObject(invalid);
    const blobs = { ...payloadJson(shanghai as CompleteBlock), blobGasUsed: '0x0' };
    await expect(call('newPayloadV2', blobs)).rejects.toMatchObject(invalid);
    if (paris) {
      const early = { ...payloadJson(paris), withdrawals: [] };
      await expect(call('newPayloadV2', early)).rejects.toMatchObject(invalid);
      expect(await call('newPayloadV2', payloadJson(paris))).toEqual(syncing);
    }
  });

  const whole = () => payloadJson(block(length + 1));
  test.each([
    ['no object', 7, /^invalid argument 0: /],
    [
      'a short hash',
      { ...whole(), stateRoot: '0x11' },
      /^invalid argument 0: stateRoot: expected 0x and 64 hex digits/,
    ],
    ['a number with a leading zero', { ...whole(), gasUsed: '0x01' }, /^invalid argument 0: gasUsed: /],
    [
      'a number beyond 2^53',
      { ...whole(), timestamp: '0x20000000000000' },
      /^invalid argument 0: timestamp: expected less than 2\^53/,
    ],
    ['a field that is null', { ...whole(), withdrawals: null }, /^invalid argument 0: withdrawals: missing/],
    ['a transaction that is not hex', { ...whole(), transactions: ['0xzz'] }, /^invalid argument 0: transactions\.0: /],
  ])('EN-05 EN-06 EN-38 HX-27 ND-09 %s is named', async (_, payload, message) => {
    const [, ...rest] = paramsOf(block(length + 1));
    await expect(call('newPayloadV4', payload, ...rest)).rejects.toMatchObject({
      code: 'invalid-params',
      message: expect.stringMatching(message),
    });
  });

  test.each([[['0x']], [['0x00']], [['0x0101', '0x0001']], [['0x0001', '0x0002']]])(
    'EN-11 ND-09 %j is not a valid list of requests',
    async (requests) => {
      const params = paramsOf(block(length + 1)).slice(0, 3);
      await expect(call('newPayloadV4', ...params, requests)).rejects.toMatchObject({
        code: 'invalid-params',
      });
    },
  );

  test('EN-11 ND-09 requests are part of the block hash', async () => {
    const one = block(length + 1);
    const params = paramsOf(one).slice(0, 3);
    expect(await call('newPayloadV4', ...params, ['0x0001'])).toMatchObject({ status: 'INVALID' });
  });

  describe('where Amsterdam is scheduled', () => {
    const start = block(length + 1).header.timestamp;
    const rlp = (value: Tree): Uint8Array => encode(tree(), value);
    const address = new Uint8Array(20).fill(0x11);
    const one = Uint8Array.of(1);
    const none: Tree[] = [];
    const accesses = Uint8Array.of(0xc0);
    const amsterdam = (accessList: Uint8Array = accesses): CompleteBlock =>
      changed(block(length + 2), {
        blockAccessListHash: crypto.keccak256(accessList),
        slotNumber: 77,
      });
    const payloadOf = (one: CompleteBlock, accessList: Uint8Array = accesses) => ({
      ...payloadJson(one),
      blockAccessList: hex(accessList),
    });
    beforeEach(() => {
      scene = new EngineScene(chain, { config: withForks({ amsterdam: start }) });
    });

    test('EN-10 FK-17 ND-09 V5 accepts a payload with its access list', async () => {
      const one = amsterdam();
      const [, ...rest] = paramsOf(one);
      const payload = payloadOf(one);
      expect(await call('newPayloadV5', payload, ...rest)).toEqual(syncing);
      const { blockAccessList: _, ...less } = payload;
      await expect(call('newPayloadV5', less, ...rest)).rejects.toMatchObject({
        code: 'invalid-params',
        message: 'invalid argument 0: blockAccessList: missing',
      });
      const { slotNumber: __, ...slotless } = payload;
      await expect(call('newPayloadV5', slotless, ...rest)).rejects.toMatchObject({
        message: 'invalid argument 0: slotNumber: missing',
      });
      // A list that differs from the hash in the header.
      const other = {
        ...payload,
        blockAccessList: hex(rlp([[address, none, none, none, none, none]])),
      };
      expect(await call('newPayloadV5', other, ...rest)).toMatchObject({ status: 'INVALID' });
    });

    test('EN-09 FK-17 the version before it accepts neither its times nor its fields', async () => {
      const one = amsterdam();
      const [, ...rest] = paramsOf(one);
      const { blockAccessList: _, slotNumber: __, ...before } = payloadOf(one);
      await expect(call('newPayloadV4', before, ...rest)).rejects.toMatchObject({ number: -38005 });
      await expect(call('newPayloadV4', payloadOf(one), ...rest)).rejects.toMatchObject({
        number: -32602,
      });
      await expect(call('newPayloadV3', payloadOf(one), ...rest.slice(0, 2))).rejects.toMatchObject({
        number: -38005,
      });
      const early = { ...payloadJson(block(length)), blockAccessList: '0xc0', slotNumber: '0x1' };
      await expect(call('newPayloadV5', early, ...rest)).rejects.toMatchObject({ number: -38005 });
    });

    test('EN-09 FK-17 BPO3 to BPO5 after it belong to V5, too', async () => {
      const one = amsterdam();
      const config = withForks({
        amsterdam: start - 3,
        bpo3: start - 2,
        bpo4: start - 1,
        bpo5: start,
      });
      scene = new EngineScene(chain, { config });
      const [, ...rest] = paramsOf(one);
      expect(await call('newPayloadV5', payloadOf(one), ...rest)).toEqual(syncing);
      const { blockAccessList: _, slotNumber: __, ...before } = payloadOf(one);
      await expect(call('newPayloadV4', before, ...rest)).rejects.toMatchObject({ number: -38005 });
    });

    test.each<[string, Uint8Array]>([
      ['nothing', new Uint8Array()],
      ['a string', rlp(new Uint8Array())],
      ['bytes after the list', Uint8Array.of(0xc0, 0xc0)],
      ['an account without fields', rlp([[]])],
      ['an account that is a string', rlp([new Uint8Array()])],
      ['an address of 19 bytes', rlp([[address.subarray(1), none, none, none, none, none]])],
      ['a number with a leading zero', rlp([[address, none, [Uint8Array.of(0, 1)], none, none, none]])],
      ['a slot of 33 bytes', rlp([[address, none, [new Uint8Array(33).fill(1)], none, none, none]])],
      ['a field too many', rlp([[address, none, none, none, none, none, none]])],
      ['storage that is not written', rlp([[address, [[one]], none, none, none, none]])],
    ])('EN-10 an access list with %s is INVALID, before the hash is checked', async (_, list) => {
      const given = amsterdam();
      const [, ...rest] = paramsOf(given);
      expect(await call('newPayloadV5', payloadOf(given, list), ...rest)).toEqual({
        status: 'INVALID',
        latestValidHash: null,
        validationError: expect.stringMatching(/^block access list: /),
      });
    });

    test('EN-10 every field of an access list is read', async () => {
      const change = [one, Uint8Array.of(7)];
      const list = rlp([[address, [[one, [change]]], [one], [change], [change], [change]]]);
      const given = amsterdam(list);
      const [, ...rest] = paramsOf(given);
      expect(await call('newPayloadV5', payloadOf(given, list), ...rest)).toEqual(syncing);
    });
  });

  test('EN-09 FK-17 without Amsterdam in the schedule, V5 is an unsupported fork', async () => {
    const one = block(length + 2);
    const [, ...rest] = paramsOf(one);
    const payload = { ...payloadJson(one), blockAccessList: '0xc0', slotNumber: '0x1' };
    await expect(call('newPayloadV5', payload, ...rest)).rejects.toMatchObject({ number: -38005 });
  });

  const oversize: [string, (one: CompleteBlock) => object][] = [
    ['extra data of 33 bytes', () => ({ extraData: `0x${'00'.repeat(33)}` })],
    ['a bloom of 255 bytes', () => ({ logsBloom: `0x${'00'.repeat(255)}` })],
    ['a base fee of 257 bits', () => ({ baseFeePerGas: `0x1${'00'.repeat(32)}` })],
  ];
  test.each(oversize)('EN-13 %s is INVALID', async (_, change) => {
    const one = block(length + 1);
    const payload = { ...payloadJson(one), ...change(one) };
    expect(await newPayload(one, payload)).toMatchObject({
      status: 'INVALID',
      latestValidHash: null,
    });
  });

  test('EN-13 a wrong hash has its own status only in V1', async () => {
    const before = (changes: Partial<Header>): CompleteBlock => changed(block(length + 1), changes);
    const config = withForks({ shanghai: 1e12, cancun: 1e12, prague: 1e12 });
    scene = new EngineScene(chain, { config });
    const { withdrawals: _, blobGasUsed: __, excessBlobGas: ___, ...payload } = payloadJson(before({}));
    const ended = { latestValidHash: null, validationError: expect.stringContaining('block hash') };
    expect(await call('newPayloadV1', payload)).toEqual({ status: 'INVALID_BLOCK_HASH', ...ended });
    expect(await call('newPayloadV2', payload)).toEqual({ status: 'INVALID', ...ended });
    const self = { ...payload, parentHash: payload.blockHash };
    expect(await call('newPayloadV2', self)).toEqual({ status: 'INVALID', ...ended });
  });

  test('EN-06 a malformed transaction is INVALID even if the hash matches', async () => {
    // A transaction of type 2 whose fields are nine empty strings.
    const transactions = [`0x02c9${'80'.repeat(9)}`];
    const one = block(length + 1);
    const answer = await newPayload(one, { ...payloadJson(one), transactions });
    expect(answer).toMatchObject({
      status: 'INVALID',
      validationError: expect.stringMatching(/^transaction 0: /),
    });
  });

  test('EN-07 a call that is repeated while it runs is checked once', async () => {
    const one = block(length + 1);
    let checked = 0;
    const counting = Object.create(chain, {
      check: {
        value: (given: CompleteBlock) => {
          checked += 1;
          return chain.check(given);
        },
      },
    });
    scene = new EngineScene(counting);
    const answers = await Promise.all([newPayload(one), newPayload(one), newPayload(one)]);
    expect(answers).toEqual([syncing, syncing, syncing]);
    expect(checked).toBe(1);
    await newPayload(one);
    expect(checked).toBe(2);
  });

  test('EN-16 an invalid block is checked again after 128 refusals', async () => {
    const bad = changed(block(length + 1), { gasLimit: 1_000_000_000 });
    const child = changed(block(length + 2), { parentHash: bad.header.hash });
    for (let i = 0; i < 128; i++) {
      expect(await newPayload(i === 0 ? bad : child)).toMatchObject({ status: 'INVALID' });
    }
    expect(await newPayload(child)).toEqual(syncing);
    // The next check finds it invalid again.
    expect(await newPayload(bad)).toMatchObject({ status: 'INVALID' });
    expect(await newPayload(child)).toMatchObject({ status: 'INVALID' });
  });

  test('EN-15 the latest valid hash is zero for a proof-of-work block', async () => {
    const bad = changed(block(length + 1), { gasLimit: 1_000_000_000 });
    const proved = Object.create(chain, {
      headerByHash: {
        value: async (hash: Uint8Array) => {
          const header = await chain.headerByHash(hash);
          return header && { ...header, difficulty: 131_072n };
        },
      },
    });
    scene = new EngineScene(proved);
    const refused = { status: 'INVALID', latestValidHash: zero };
    expect(await newPayload(bad)).toMatchObject(refused);
    const child = changed(block(length + 2), { parentHash: bad.header.hash });
    expect(await newPayload(child)).toMatchObject(refused);
    expect(await scene.choose(child.header.hash)).toMatchObject({ payloadStatus: refused });
  });

  test('EN-15 the headers of 96 payloads are kept for the sync', async () => {
    const kept = blocks.slice(length + 1, length + 101);
    for (const one of kept) await newPayload(one);
    const known = kept.map(({ header }) => scene.forkChoice.header(header.hash));
    expect(known.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(known.slice(4).map((header) => header?.number)).toEqual(kept.slice(4).map(({ header }) => header.number));
  });

  test('EN-38 a transaction of 8 MiB is read without a pattern that repeats', async () => {
    const one = block(length + 1);
    const transactions = [`0x02${'ab'.repeat(8 * 1024 * 1024)}`];
    expect(await newPayload(one, { ...payloadJson(one), transactions })).toMatchObject({
      status: 'INVALID',
    });
  });
});
