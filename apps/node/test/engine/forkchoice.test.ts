import type { SealedHeader } from '@devp2p/eth';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import { blocks } from '../sync/demo-blocks.ts';
import { block, EngineScene, hex, length, openScene, syncing, withForks, zero } from './scene.ts';

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

const answer = { payloadStatus: syncing, payloadId: null };
const hashOf = (number: number): Uint8Array => block(number).header.hash;
const unknown = `0x${'22'.repeat(32)}`;

describe('the head', () => {
  test.each(['V1', 'V2', 'V3', 'V4'])('EN-17 EN-18 ND-09 %s chooses the head, which is SYNCING', async (version) => {
    const hash = hashOf(length + 5);
    let changes = 0;
    scene.forkChoice.onChange(() => changes++);
    expect(await scene.choose(hash, { version })).toEqual(answer);
    expect(await scene.choose(hash, { version, rest: [null] })).toEqual(answer);
    expect(scene.forkChoice.head).toEqual(hash);
    expect(changes).toBe(1);
  });

  test('EN-08 ND-09 heads are requested in the order of the calls', async () => {
    const seen: unknown[] = [];
    scene.forkChoice.onChange(() => seen.push(scene.forkChoice.head));
    const heads = [690, 900, 695, 901, 697].map(hashOf);
    await Promise.all(heads.map((hash) => scene.choose(hash)));
    expect(seen).toEqual(heads);
  });

  test('EN-07 EN-08 a call that is repeated while it runs gets its response, unless there was another call between', async () => {
    const looked: Uint8Array[] = [];
    const counting = Object.create(chain, {
      numberOf: {
        value: (hash: Uint8Array) => {
          looked.push(hash);
          return chain.numberOf(hash);
        },
      },
    });
    scene = new EngineScene(counting);
    await Promise.all([scene.choose(unknown), scene.choose(unknown), scene.choose(unknown)]);
    expect(looked).toHaveLength(1);
    await Promise.all([scene.choose(hashOf(900)), scene.choose(hashOf(901)), scene.choose(hashOf(900))]);
    expect(scene.forkChoice.head).toEqual(hashOf(900));
    expect(looked).toHaveLength(4);
  });

  test('EN-17 ND-09 a head of zeros is INVALID', async () => {
    expect(await scene.choose(zero)).toMatchObject({ payloadStatus: { status: 'INVALID' } });
    expect(scene.forkChoice.head).toBeUndefined();
  });

  test('EN-17 a head before the merge is INVALID', async () => {
    const config = { ...withForks({}), terminalTotalDifficulty: 1n << 80n };
    const work = (header: SealedHeader | undefined) =>
      header && { ...header, difficulty: header.number <= 690 ? 131_072n : 0n };
    const worked = Object.create(chain, {
      header: { value: async (number: number) => work(await chain.header(number)) },
      headerByHash: { value: async (hash: Uint8Array) => work(await chain.headerByHash(hash)) },
    });
    scene = new EngineScene(worked, { config });
    const { payloadStatus } = (await scene.choose(hashOf(689))) as typeof answer;
    expect(payloadStatus).toMatchObject({ status: 'INVALID', latestValidHash: zero });
    expect(scene.forkChoice.head).toBeUndefined();
    // The last proof-of-work block is a valid parent.
    expect(await scene.choose(hashOf(690))).toEqual(answer);
  });

  test('EN-17 the head moves back by 32 blocks at most', async () => {
    const error = { code: 'too-deep-reorg', number: -38006 };
    await expect(scene.choose(hashOf(length - 33))).rejects.toMatchObject(error);
    expect(scene.forkChoice.head).toBeUndefined();
    expect(await scene.choose(hashOf(length - 32))).toEqual(answer);
    // From there 32 more.
    expect(await scene.choose(hashOf(length - 64))).toEqual(answer);
    await expect(scene.choose(hashOf(length - 97))).rejects.toMatchObject(error);
    scene = new EngineScene(chain, { maxReorgDepth: 0 });
    expect(await scene.choose(hashOf(1))).toEqual(answer);
  });

  test('EN-17 a head below the finalized block is ignored', async () => {
    await scene.choose(hashOf(length), { finalized: hex(hashOf(690)) });
    expect(await scene.choose(hashOf(689))).toEqual(answer);
    expect(scene.forkChoice.head).toEqual(hashOf(length));
    expect((await scene.forkChoice.latest()).number).toBe(length);
  });
});

describe('safe and finalized', () => {
  test('EN-19 ND-09 both must be ancestors of a canonical head, or the call has no effect', async () => {
    const [older, head] = [hex(hashOf(680)), hashOf(690)];
    const newer = hex(hashOf(691));
    await scene.choose(hashOf(length), { safe: older, finalized: older });
    for (const [safe, finalized] of [
      [newer, older],
      [older, newer],
      [unknown, zero],
      [zero, unknown],
    ] as const) {
      await expect(scene.choose(head, { safe, finalized })).rejects.toMatchObject({
        code: 'invalid-forkchoice',
        number: -38002,
      });
      expect(scene.forkChoice.head).toEqual(hashOf(length));
      expect(scene.forkChoice.applied?.head.number).toBe(length);
    }
    expect(await scene.choose(head, { safe: older, finalized: older })).toEqual(answer);
    // The ancestors of an unknown head cannot be checked.
    expect(await scene.choose(hashOf(900), { safe: unknown, finalized: unknown })).toEqual(answer);
  });

  test('EN-19 the tags change together, and the finalized block never moves back', async () => {
    const tags = scene.forkChoice;
    const numbers = async () =>
      Promise.all([tags.latest(), tags.safe(), tags.finalized()]).then((headers) =>
        headers.map((header) => header?.number),
      );
    expect(await numbers()).toEqual([length, undefined, undefined]);
    const at = (head: number, safe?: number, finalized?: number) =>
      scene.choose(hashOf(head), {
        safe: safe === undefined ? zero : hex(hashOf(safe)),
        finalized: finalized === undefined ? zero : hex(hashOf(finalized)),
      });
    await at(690, 685, 680);
    expect(await numbers()).toEqual([690, 685, 680]);
    await at(695, 690, 675);
    expect(await numbers()).toEqual([695, 690, 680]);
    await at(696);
    expect(await numbers()).toEqual([696, undefined, 680]);
    // A head that is not canonical yet has no effect.
    await at(900, 890, 880);
    expect(await numbers()).toEqual([696, undefined, 680]);
  });

  test('EN-19 a head that the sync reaches is applied with its safe and finalized block', async () => {
    const { chain: growing, close: end } = await openScene();
    scene = new EngineScene(growing);
    const tags = scene.forkChoice;
    const head = length + 10;
    await scene.choose(hashOf(length));
    await scene.choose(hashOf(head), {
      safe: hex(hashOf(head - 2)),
      finalized: hex(hashOf(length)),
    });
    expect((await tags.latest()).number).toBe(length);
    await growing.append(blocks.slice(length + 1, head));
    expect((await tags.latest()).number).toBe(length);
    await growing.append(blocks.slice(head, head + 1));
    // It is applied in turn, before the next call.
    await scene.choose(zero);
    expect([(await tags.latest()).number, (await tags.safe())?.number, (await tags.finalized())?.number]).toEqual([
      head,
      head - 2,
      length,
    ]);
    scene.engine.close();
    await end();
  });
});

describe('attributes', () => {
  const { timestamp } = block(length).header;
  const base = {
    timestamp: `0x${(timestamp + 12).toString(16)}`,
    prevRandao: zero,
    suggestedFeeRecipient: `0x${'33'.repeat(20)}`,
  };
  const shanghai = { ...base, withdrawals: [] };
  const cancun = { ...shanghai, parentBeaconBlockRoot: zero };
  const amsterdam = { ...cancun, slotNumber: '0x1', targetGasLimit: '0x3938700' };
  const before = { cancun: 1e12, prague: 1e12 };
  const table: [string, string, Partial<ReturnType<typeof withForks>['forks']>, object, number?][] = [
    ['whole', 'V1', { shanghai: 1e12, ...before }, base],
    ['withdrawals', 'V1', { shanghai: 1e12, ...before }, shanghai, -38003],
    ['Shanghai’s time', 'V1', { shanghai: 0, ...before }, base, -38005],
    ['whole before Shanghai', 'V2', { shanghai: 1e12, ...before }, base],
    ['whole', 'V2', { shanghai: 0, ...before }, shanghai],
    ['no withdrawals', 'V2', { shanghai: 0, ...before }, base, -38003],
    ['withdrawals before Shanghai', 'V2', { shanghai: 1e12, ...before }, shanghai, -38003],
    ['a root at Shanghai', 'V2', { shanghai: 0, ...before }, cancun, -38003],
    ['a root at Cancun', 'V2', {}, cancun, -38003],
    ['no root at Cancun', 'V2', {}, shanghai, -38005],
    ['whole', 'V3', {}, cancun],
    ['no root', 'V3', {}, shanghai, -38003],
    ['a root of null', 'V3', {}, { ...cancun, parentBeaconBlockRoot: null }, -38003],
    ['Shanghai’s time', 'V3', { shanghai: 0, ...before }, cancun, -38005],
    ['Amsterdam’s time', 'V3', { amsterdam: timestamp }, cancun, -38005],
    ['a slot number', 'V3', {}, { ...cancun, slotNumber: '0x1' }, -38003],
    ['whole', 'V4', { amsterdam: timestamp }, amsterdam],
    ['whole at BPO3', 'V4', { amsterdam: timestamp, bpo3: timestamp + 1 }, amsterdam],
    ['no slot number', 'V4', { amsterdam: timestamp }, cancun, -38003],
    ['no gas limit', 'V4', { amsterdam: timestamp }, { ...cancun, slotNumber: '0x1' }, -38003],
    ['Osaka’s time', 'V4', {}, amsterdam, -38005],
    ['the time of the head', 'V3', {}, { ...cancun, timestamp: `0x${timestamp.toString(16)}` }, -38003],
    ['a time 292 years ahead', 'V3', {}, { ...cancun, timestamp: `0x${(timestamp + 9_214_646_400).toString(16)}` }],
    ['a time above 2^53', 'V3', {}, { ...cancun, timestamp: '0x20000000000000' }, -38003],
    ['a time with a leading zero', 'V3', {}, { ...cancun, timestamp: '0x01' }, -38003],
    ['no recipient', 'V3', {}, { ...cancun, suggestedFeeRecipient: undefined }, -38003],
  ];
  test.each(table)('EN-20 EN-38 FK-17 %s in %s', async (_, version, forks, attributes, code) => {
    scene = new EngineScene(chain, { config: withForks(forks) });
    const called = scene.choose(hashOf(length), { version, rest: [attributes] });
    if (code === undefined) expect(await called).toEqual(answer);
    else await expect(called).rejects.toMatchObject({ number: code });
    // The head is applied even if they are invalid.
    expect(scene.forkChoice.applied?.head.hash).toEqual(hashOf(length));
  });

  test('EN-20 ND-09 with an unknown head they are not checked', async () => {
    for (const attributes of [{ timestamp: '0x1' }, {}, null]) {
      expect(await scene.choose(hashOf(length + 9), { rest: [attributes] })).toEqual(answer);
    }
    await expect(scene.choose(hashOf(length + 9), { rest: [7] })).rejects.toMatchObject({
      code: 'invalid-params',
    });
    await expect(scene.call('forkchoiceUpdatedV3', { headBlockHash: zero })).rejects.toMatchObject({
      message: expect.stringMatching(/^invalid argument 0: safeBlockHash/),
    });
  });
});

describe('custody columns', () => {
  const columns = `0x${'0f'.repeat(16)}`;
  const bytes = new Uint8Array(16).fill(15);

  test('EN-18 they are stored, and null has no effect', async () => {
    expect(await scene.choose(unknown, { version: 'V4', rest: [null, columns] })).toEqual(answer);
    expect(scene.engine.consensusClient.custodyColumns).toEqual(bytes);
    for (const rest of [[null, null], [null], [], [null, columns]]) {
      expect(await scene.choose(unknown, { version: 'V4', rest })).toEqual(answer);
      expect(scene.engine.consensusClient.custodyColumns).toEqual(bytes);
    }
  });

  test('EN-18 they are stored even if other parameters are invalid', async () => {
    const rest = [null, columns];
    await expect(scene.choose(hashOf(1), { version: 'V4', rest })).rejects.toMatchObject({
      code: 'too-deep-reorg',
    });
    expect(scene.engine.consensusClient.custodyColumns).toEqual(bytes);
  });

  test.each([`0x${'0f'.repeat(15)}`, `0x${'0f'.repeat(17)}`, '0x', 'none', 16])(
    'EN-18 %s is refused',
    async (wrong) => {
      const called = scene.choose(unknown, { version: 'V4', rest: [null, wrong] });
      await expect(called).rejects.toMatchObject({
        number: -32602,
        message: expect.stringMatching(/^invalid argument 2: expected 0x and 32 hex digits/),
      });
      expect(scene.forkChoice.head).toBeUndefined();
    },
  );
});

test('EN-38 of a hundred thousand heads only the last is kept', async () => {
  const lacking = Object.create(chain, { numberOf: { value: async () => undefined } });
  scene = new EngineScene(lacking);
  const head = (i: number): string => `0x${i.toString(16).padStart(64, '1')}`;
  for (let i = 0; i < 100_000; i++) await scene.choose(head(i));
  expect(hex(scene.forkChoice.head)).toBe(head(99_999));
});
