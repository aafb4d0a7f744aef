import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BadBlocks } from '../../src/chain/bad-blocks.ts';
import type { LocalChain } from '../../src/chain/chain.ts';
import { createPayloadBodies } from '../../src/engine/bodies.ts';
import { version as ownVersion } from '../../src/version.ts';
import { blocks } from '../sync/demo-blocks.ts';
import { payloadJson } from './payload-json.ts';
import { block, EngineScene, hex, length, openScene, paramsOf, withForks, zero } from './scene.ts';

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

describe('exchangeCapabilities', () => {
  const before = [
    ...['V1', 'V2', 'V3', 'V4'].map((version) => `engine_newPayload${version}`),
    ...['V1', 'V2', 'V3'].map((version) => `engine_forkchoiceUpdated${version}`),
    'engine_getPayloadBodiesByHashV1',
    'engine_getPayloadBodiesByRangeV1',
    'engine_getClientVersionV1',
  ];

  test('EN-25 EN-27 EN-28 EN-36 ND-09 it lists the supported methods, except for itself and deprecated ones', async () => {
    const list = (await call('exchangeCapabilities', ['engine_newPayloadV3'])) as string[];
    expect(list.toSorted()).toEqual(before.toSorted());
    for (const name of list) {
      expect(scene.engine.namespace.methods[name.replace('engine_', '')]).toBeTypeOf('function');
    }
    expect(scene.logged).toEqual([]);
  });

  test('EN-25 FK-17 versions for Amsterdam are listed if it is scheduled', async () => {
    scene = new EngineScene(chain, { config: withForks({ amsterdam: 1e12 }) });
    const list = (await call('exchangeCapabilities', [])) as string[];
    expect(list.filter((name) => !before.includes(name)).toSorted()).toEqual([
      'engine_forkchoiceUpdatedV4',
      'engine_getPayloadBodiesByHashV2',
      'engine_getPayloadBodiesByRangeV2',
      'engine_newPayloadV5',
    ]);
  });
});

describe('payload bodies', () => {
  const bodyOf = (number: number) => {
    const { transactions, withdrawals } = payloadJson(block(number));
    return { transactions, withdrawals: withdrawals ?? null };
  };
  const byHash = (hashes: string[], version = 'V1') => call(`getPayloadBodiesByHash${version}`, hashes);
  const byRange = (start: string, count: string, version = 'V1') =>
    call(`getPayloadBodiesByRange${version}`, start, count);
  const hashOf = (number: number): string => hex(block(number).header.hash);

  test('EN-23 by hash they are in the order of the request, null for an unknown hash', async () => {
    const full = blocks.findIndex(({ body }) => body.transactions.length > 0);
    const asked = [hashOf(600), hashOf(length + 1), zero, hashOf(full), hashOf(1), hashOf(600)];
    const found = [bodyOf(600), null, null, bodyOf(full), bodyOf(1), bodyOf(600)];
    expect(await byHash(asked)).toEqual(found);
    expect(bodyOf(full).transactions.length).toBeGreaterThan(0);
    expect(await byHash([])).toEqual([]);
  });

  test('EN-23 before Shanghai there are no withdrawals', async () => {
    const genesis = (await byHash([hashOf(0)])) as { withdrawals: unknown }[];
    expect(genesis[0]?.withdrawals ?? null).toEqual(bodyOf(0).withdrawals);
    expect(bodyOf(length).withdrawals).not.toBeNull();
  });

  test('EN-23 a range ends at the head', async () => {
    expect(await byRange('0x1', '0x1')).toEqual([bodyOf(1)]);
    expect(await byRange(`0x${(length - 1).toString(16)}`, '0x400')).toEqual([bodyOf(length - 1), bodyOf(length)]);
    expect(await byRange(`0x${(length + 1).toString(16)}`, '0x10')).toEqual([]);
    expect(await byRange('0x1fffffffffffff', '0x400')).toEqual([]);
    const all = (await byRange('0x1', '0x400')) as unknown[];
    expect(all).toHaveLength(length);
    expect(all[299]).toEqual(bodyOf(300));
  });

  test('EN-23 FK-17 the second version has the access list, if it is stored', async () => {
    expect(await byHash([hashOf(600), zero], 'V2')).toEqual([{ ...bodyOf(600), blockAccessList: null }, null]);
    expect(await byRange('0x1', '0x1', 'V2')).toEqual([{ ...bodyOf(1), blockAccessList: null }]);
  });

  test.each([
    ['0x0', '0x1', -32602],
    ['0x1', '0x0', -32602],
    ['0x1', '0x401', -38004],
    ['0x1', '0x20000000000000', -32602],
    ['0x01', '0x1', -32602],
    [1, '0x1', -32602],
  ])('EN-23 EN-38 from %s on %s are refused', async (start, count, number) => {
    await expect(call('getPayloadBodiesByRangeV1', start, count)).rejects.toMatchObject({ number });
  });

  test('EN-23 EN-38 more than 1024 hashes are refused', async () => {
    await expect(byHash(Array(1_025).fill(zero))).rejects.toMatchObject({ number: -38004 });
    expect(await byHash(Array(1_024).fill(zero))).toHaveLength(1_024);
  });

  test('EN-23 EN-38 bodies that exceed the size of a response are refused', async () => {
    let read = 0;
    const counting = Object.create(chain, {
      block: {
        value: (number: number) => {
          read += 1;
          return chain.block(number);
        },
      },
    });
    const { body } = block(length);
    const bodies = createPayloadBodies({
      chain: counting,
      latest: async () => length,
      maxBytes: 3 * body.raw.length,
    });
    await expect(bodies.byRange('V1', 1, 700)).rejects.toMatchObject({ number: -38004 });
    expect(read).toBeLessThan(100);
  });
});

test('EN-26 it returns its version, and stores the version of the client', async () => {
  const client = { code: 'LH', name: 'Lighthouse', version: 'v7.0.0', commit: '0xfa4ff922' };
  const expected = [
    {
      code: expect.stringMatching(/^[A-Z]{2}$/),
      name: 'devp2p-node',
      version: `v${ownVersion}`,
      commit: expect.stringMatching(/^0x[0-9a-f]{8}$/),
    },
  ];
  expect(await call('getClientVersionV1', client)).toEqual(expected);
  expect(scene.engine.consensusClient.version).toEqual(client);
  expect(await call('getClientVersionV1', { ...client, code: 'ZZ' })).toEqual(expected);
  expect(scene.logged).toEqual([[client, 'consensus client']]);
  const long = { ...client, name: 'x'.repeat(1_000_000) };
  await call('getClientVersionV1', long);
  expect(scene.engine.consensusClient.version?.name).toHaveLength(64);
  await expect(call('getClientVersionV1', { code: 'LH' })).rejects.toMatchObject({
    number: -32602,
  });
  await expect(call('getClientVersionV1')).rejects.toMatchObject({ number: -32602 });
});

test('EN-27 the transition configuration is returned', async () => {
  const theirs = {
    terminalTotalDifficulty: '0x0',
    terminalBlockHash: zero,
    terminalBlockNumber: '0x0',
  };
  scene = new EngineScene(chain, {
    config: { ...chain.genesis.config, terminalTotalDifficulty: 131_072n },
  });
  expect(await call('exchangeTransitionConfigurationV1', theirs)).toEqual({
    ...theirs,
    terminalTotalDifficulty: '0x20000',
  });
});

test('EN-28 EN-36 only supported methods of the specification are offered', () => {
  const names = Object.keys(scene.engine.namespace.methods);
  expect(names.filter((name) => /getPayloadV|getBlobs|hasBlobs|Witness|Stateless/.test(name))).toEqual([]);
});

describe('invalid blocks', () => {
  const hashOf = (n: number) => new Uint8Array(32).fill(n & 255).fill(n >> 8, 16);
  const bad = { reason: 'gas', latestValidHash: null };

  test('EN-16 ND-09 the last 512 are kept', () => {
    const blocks = new BadBlocks();
    for (let n = 0; n < 1_500; n++) blocks.add(hashOf(n), bad);
    expect(blocks.has(hashOf(1_499))).toBe(true);
    expect(blocks.has(hashOf(988))).toBe(true);
    expect(blocks.has(hashOf(987))).toBe(false);
  });

  test('EN-16 refused descendants are added, and removed together', () => {
    const blocks = new BadBlocks();
    blocks.add(hashOf(1), bad, [hashOf(2)]);
    expect(blocks.refuse(hashOf(3), hashOf(2))?.reason).toBe('gas');
    expect(blocks.has(hashOf(3))).toBe(true);
    expect(blocks.refuse(hashOf(9), hashOf(8))).toBeUndefined();
    for (let n = 0; n < 126; n++) expect(blocks.refuse(hashOf(1))).toBeDefined();
    expect(blocks.refuse(hashOf(3))).toBeUndefined();
    expect([1, 2, 3].map((n) => blocks.has(hashOf(n)))).toEqual([false, false, false]);
  });
});

describe('a consensus client that is silent', () => {
  const silent = () => scene.logged.map(([, text]) => text);

  test('EN-35 a client that never calls is reported after two minutes, then every five', async () => {
    await scene.clock.advance(119_000);
    expect(silent()).toEqual([]);
    await scene.clock.advance(10_000);
    expect(silent()).toEqual(['no consensus client has called yet']);
    await scene.clock.advance(290_000);
    expect(silent()).toHaveLength(1);
    await scene.clock.advance(20_000);
    expect(silent()).toHaveLength(2);
    scene.engine.close();
    expect(scene.clock.pending).toBe(0);
  });

  test('EN-35 a client that stops calling is reported, each time that it stops', async () => {
    await scene.clock.advance(100_000);
    await scene.choose(zero);
    await scene.clock.advance(110_000);
    await scene.newPayload(block(length + 1)).catch(() => {});
    await scene.clock.advance(110_000);
    expect(silent()).toEqual([]);
    await scene.clock.advance(20_000);
    expect(silent()).toEqual([expect.stringContaining('has stopped calling')]);
    await scene.choose(zero);
    await scene.clock.advance(130_000);
    expect(silent()).toHaveLength(2);
    scene.engine.close();
  });

  test('EN-35 an optional client is not reported before its first call', async () => {
    scene = new EngineScene(chain, { isExpected: false });
    await scene.clock.advance(3_600_000);
    expect(silent()).toEqual([]);
    await scene.choose(zero);
    await scene.clock.advance(130_000);
    expect(silent()).toHaveLength(1);
    scene.engine.close();
  });
});

test('FK-20 a client that uses a fork that is not in the schedule is reported once an hour', async () => {
  const one = block(length + 2);
  const [, ...rest] = paramsOf(one);
  const payload = { ...payloadJson(one), blockAccessList: '0xc0', slotNumber: '0x1' };
  const refused = () => expect(call('newPayloadV5', payload, ...rest)).rejects.toMatchObject({ number: -38005 });
  const warned = () => scene.logged.filter(([, text]) => text.includes('fork that this schedule does not have'));
  await refused();
  await refused();
  // A payload in the expected version resets the count.
  await scene.newPayload(one);
  await refused();
  await refused();
  expect(warned()).toEqual([]);
  await refused();
  expect(warned()).toEqual([[{ method: 'engine_newPayloadV5', timestamp: one.header.timestamp }, expect.any(String)]]);
  for (let i = 0; i < 10; i++) await refused();
  expect(warned()).toHaveLength(1);
  scene.engine.close();
  await scene.clock.advance(3_600_000);
  await refused();
  expect(warned()).toHaveLength(2);
});

test('FK-20 a client that uses an older version is not reported', async () => {
  const one = block(length + 2);
  for (let i = 0; i < 5; i++) {
    await expect(call('newPayloadV3', ...paramsOf(one).slice(0, 3))).rejects.toMatchObject({
      number: -38005,
    });
  }
  expect(scene.logged).toEqual([]);
});
