import { fromHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { at, blocks, branch, ExecutedScene, genesis, hashOf, validStatus } from './executed-scene.ts';
import { hex, syncing, zero } from './scene.ts';

const chosen = (block: NewBlock) => ({ payloadStatus: validStatus(block), payloadId: null });
const badReason = 'state root is another';

/** Makes executions wait. */
function hold(scene: ExecutedScene): () => void {
  const { execute } = scene.executor;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  scene.executor.execute = async (...args) => {
    await released;
    return execute(...args);
  };
  return release;
}

describe('newPayload', () => {
  test('EN-14 EN-15 ND-07 a block on a known parent is executed once, and the head stays', async () => {
    const scene = await ExecutedScene.open();
    for (const block of blocks.slice(0, 5)) expect(await scene.newPayload(block)).toEqual(validStatus(block));
    for (const block of blocks.slice(0, 5)) expect(await scene.newPayload(block)).toEqual(validStatus(block));
    expect(scene.executor.executed).toEqual([1, 2, 3, 4, 5]);
    expect(scene.chain.head.number).toBe(0);
    expect(scene.engine.forkChoice.head).toBeUndefined();
  });

  test('EN-15 a block of a side branch is executed', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 100);
    for (const block of branch.slice(0, 5)) expect(await scene.newPayload(block)).toEqual(validStatus(block));
    expect(scene.chain.head.number).toBe(100);
  });

  test('EN-15 a block with an unknown parent is SYNCING; its header is kept, and no sync begins', async () => {
    const scene = await ExecutedScene.open();
    const block = at(blocks, 9);
    expect(await scene.newPayload(block)).toEqual(syncing);
    expect(scene.engine.forkChoice.header(block.header.hash)).toMatchObject({ number: 9 });
    expect(scene.engine.forkChoice.head).toBeUndefined();
    expect(scene.executor.executed).toEqual([]);
  });

  test('EN-15 EN-16 an invalid block names its parent as valid, and so does every descendant', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 3);
    scene.executor.invalid.add(4);
    const refused = { status: 'INVALID', latestValidHash: hashOf(blocks, 3), validationError: badReason };
    for (const number of [4, 5, 6, 4, 6]) expect(await scene.newPayload(at(blocks, number))).toEqual(refused);
    expect(await scene.choose(blocks, 6)).toEqual({ payloadStatus: refused, payloadId: null });
    expect(scene.engine.forkChoice.head).toEqual(at(blocks, 3).header.hash);
    // It is not stored, and neither RPC nor peers see it.
    expect(await scene.chain.headerByHash(at(blocks, 4).header.hash)).toBeUndefined();
    expect(await scene.engine.call('getPayloadBodiesByHashV1', [hashOf(blocks, 4)])).toEqual([null]);
  });

  test('EN-16 an invalid block is executed again after 128 refusals, and after a restart', async () => {
    const scene = await ExecutedScene.open();
    scene.executor.invalid.add(1);
    const block = at(blocks, 1);
    await scene.newPayload(block);
    scene.executor.invalid.clear();
    const answers: unknown[] = [];
    for (let i = 0; i < 128; i++) answers.push(await scene.newPayload(block));
    expect(answers.slice(0, -1)).toEqual(Array(127).fill(expect.objectContaining({ status: 'INVALID' })));
    expect(answers.at(-1)).toEqual(validStatus(block));
    expect(await scene.choose(blocks, 1)).toEqual(chosen(block));

    scene.executor.invalid.add(2);
    expect(await scene.newPayload(at(blocks, 2))).toMatchObject({ status: 'INVALID' });
    scene.executor.invalid.clear();
    const again = await ExecutedScene.open({}, {}, scene);
    expect(await again.newPayload(at(blocks, 2))).toEqual(validStatus(at(blocks, 2)));
  });

  test('EN-15 the latest valid hash after a proof-of-work block is zero', async () => {
    const worked = makeGenesis('prague', { difficulty: 131_072 });
    const scene = await ExecutedScene.open({}, { genesis: worked });
    const [first] = makeChain(worked.config, worked.header, 1) as [NewBlock];
    scene.executor.invalid.add(1);
    expect(await scene.newPayload(first)).toMatchObject({ status: 'INVALID', latestValidHash: zero });
  });

  test('EN-15 a block whose parent has no state is ACCEPTED', async () => {
    const scene = await ExecutedScene.open();
    await scene.chain.append(blocks.slice(0, 200).map(({ header, body }) => ({ header, body })));
    scene.executor.lose();
    await scene.executor.reset();
    expect(await scene.newPayload(at(blocks, 201))).toEqual({ ...syncing, status: 'ACCEPTED' });
    expect(scene.engine.forkChoice.header(at(blocks, 201).header.hash)).toMatchObject({ number: 201 });
  });

  test('EN-15 EN-17 while stored blocks are executed after a start, everything is SYNCING', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 20);
    await scene.executor.reset();
    const release = hold(scene);
    const again = await ExecutedScene.open({}, {}, scene);
    const waiting = { payloadStatus: syncing, payloadId: null };
    expect(await again.newPayload(at(blocks, 21))).toEqual(syncing);
    expect(await again.newPayload(at(blocks, 20))).toEqual(syncing);
    for (const head of [20, 19]) expect(await again.choose(blocks, head)).toEqual(waiting);
    release();
    await again.chain.caughtUp;
    expect(await again.newPayload(at(blocks, 21))).toEqual(validStatus(at(blocks, 21)));
    expect(await again.choose(blocks, 20)).toEqual(chosen(at(blocks, 20)));
  });

  test('EN-15 a failure of the node is an error, and the block is not reported as invalid', async () => {
    const scene = await ExecutedScene.open();
    scene.executor.failures.set(1, new Error('a fault'));
    await expect(scene.newPayload(at(blocks, 1))).rejects.toThrow('a fault');
    expect(await scene.newPayload(at(blocks, 1))).toEqual(validStatus(at(blocks, 1)));
  });
});

describe('calls that take long', () => {
  test('EN-07 a repeated call joins the running one, and is answered in time', async () => {
    const scene = await ExecutedScene.open();
    const release = hold(scene);
    const block = at(blocks, 1);
    const { clock } = scene.engine;
    const early = [scene.newPayload(block), scene.newPayload(block)];
    await clock.advance(6_999);
    let answered = false;
    void Promise.all(early).then(() => {
      answered = true;
    });
    await clock.advance(0);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await Promise.all(early)).toEqual([syncing, syncing]);
    // The execution has gone on.
    const late = scene.newPayload(block);
    release();
    expect(await late).toEqual(validStatus(block));
    expect(scene.executor.executed).toEqual([1]);
  });

  test('EN-07 EN-08 a fork choice after a long import is answered in time, and takes effect in order', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 3);
    const release = hold(scene);
    const long = scene.newPayload(at(blocks, 4));
    const [second, third] = [scene.choose(blocks, 2), scene.choose(blocks, 3)];
    await scene.engine.clock.advance(7_000);
    const waiting = { payloadStatus: syncing, payloadId: null };
    expect(await Promise.all([second, third])).toEqual([waiting, waiting]);
    release();
    expect(await long).toEqual(syncing);
    expect(await scene.choose(blocks, 3)).toEqual(chosen(at(blocks, 3)));
    expect(scene.chain.head.number).toBe(3);
  });

  test('EN-38 no more than 64 payloads wait', async () => {
    const scene = await ExecutedScene.open();
    const release = hold(scene);
    const many = makeMany(1_000);
    const answers = Promise.all(many.map((block) => scene.newPayload(block)));
    // Others are answered in the meantime.
    expect(await scene.newPayload(at(blocks, 9))).toEqual(syncing);
    release();
    const counts = new Map<unknown, number>();
    for (const { status } of (await answers) as { status: string }[]) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ VALID: 64, SYNCING: 936 });
  });

  /** Different blocks on the genesis. */
  function makeMany(count: number): NewBlock[] {
    return Array.from({ length: count }, (_, i) => {
      const [block] = makeChain(genesis.config, genesis.header, 1, { extraData: Uint8Array.of(1, i >> 8, i) });
      return block as NewBlock;
    });
  }
});

describe('the head', () => {
  test('EN-17 a known head becomes the head of the chain', async () => {
    const scene = await ExecutedScene.open();
    for (const block of blocks.slice(0, 4)) await scene.newPayload(block);
    expect(await scene.choose(blocks, 4)).toEqual(chosen(at(blocks, 4)));
    expect(scene.chain.head.number).toBe(4);
    expect(await scene.choose(blocks, 4)).toEqual(chosen(at(blocks, 4)));
    expect(await scene.tags()).toEqual([4, undefined, undefined]);
  });

  test('EN-17 side branches of 1 to 40 blocks are followed, in both directions', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 60);
    for (let length = 1; length <= 40; length++) {
      const head = 60 + length;
      await scene.newPayload(at(blocks, head));
      await scene.newPayload(at(branch, head));
      for (const list of [blocks, branch]) {
        expect(await scene.choose(list, head)).toEqual(chosen(at(list, head)));
        expect(hex(scene.chain.head.hash)).toBe(hashOf(list, head));
        expect(scene.executor.head).toMatchObject({ number: head });
      }
    }
  });

  test.each([
    ['32 by default', undefined, 32],
    ['8 if set', 8, 8],
  ])('EN-17 the head moves back by %s', async (_, maxReorgDepth, limit) => {
    const scene = await ExecutedScene.open({ maxReorgDepth });
    await scene.follow(blocks, 1, 100);
    const tooDeep = { code: 'too-deep-reorg', number: -38006 };
    await expect(scene.choose(blocks, 100 - limit - 1)).rejects.toMatchObject(tooDeep);
    expect(scene.chain.head.number).toBe(100);
    expect(await scene.choose(blocks, 100 - limit)).toEqual(chosen(at(blocks, 100 - limit)));
    expect(scene.chain.head.number).toBe(100 - limit);
    expect(await scene.choose(blocks, 100)).toEqual(chosen(at(blocks, 100)));
  });

  test('EN-17 with a limit of 0 the head moves back to the genesis', async () => {
    const scene = await ExecutedScene.open({ maxReorgDepth: 0 });
    await scene.follow(blocks, 1, 100);
    expect(await scene.choose(blocks, 7)).toEqual(chosen(at(blocks, 7)));
    expect(await scene.engine.choose(hex(genesis.header.hash))).toMatchObject({ payloadStatus: { status: 'VALID' } });
    expect(scene.chain.head.number).toBe(0);
  });

  test('EN-17 an unknown head is SYNCING, and the sync begins towards it', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 5);
    expect(await scene.choose(blocks, 9)).toEqual({ payloadStatus: syncing, payloadId: null });
    expect(scene.engine.forkChoice.head).toEqual(at(blocks, 9).header.hash);
    expect(scene.chain.head.number).toBe(5);
  });

  test('EN-17 a head below the finalized block is VALID, and changes nothing', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 60);
    await scene.choose(blocks, 60, { safe: hashOf(blocks, 50), finalized: hashOf(blocks, 40) });
    expect(await scene.choose(blocks, 39)).toEqual(chosen(at(blocks, 39)));
    expect(await scene.tags()).toEqual([60, 50, 40]);
    expect(await scene.choose(blocks, 40)).toEqual(chosen(at(blocks, 40)));
    expect(await scene.tags()).toEqual([40, undefined, 40]);
  });

  test('EN-17 a stored branch that turns out to be invalid is INVALID up to its last valid block', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    for (const block of branch.slice(0, 6)) await scene.newPayload(block);
    scene.executor.lose();
    scene.executor.invalid.add(63);
    const refused = { status: 'INVALID', latestValidHash: hashOf(branch, 62), validationError: badReason };
    expect(await scene.choose(branch, 66)).toEqual({ payloadStatus: refused, payloadId: null });
    expect(hex(scene.chain.head.hash)).toBe(hashOf(blocks, 70));
    for (const number of [63, 64, 66, 67]) expect(await scene.newPayload(at(branch, number))).toEqual(refused);
    expect(await scene.choose(blocks, 70)).toEqual(chosen(at(blocks, 70)));
  });

  test('EN-17 a stored head whose state needs too many blocks is SYNCING', async () => {
    const scene = await ExecutedScene.open({ maxReorgDepth: 0 });
    await scene.follow(blocks, 1, 200);
    scene.executor.lose();
    await scene.executor.reset();
    expect(await scene.choose(blocks, 190)).toEqual({ payloadStatus: syncing, payloadId: null });
  });
});

describe('safe and finalized', () => {
  test('EN-19 a head on another branch than its safe or finalized block changes nothing', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    for (const block of branch.slice(0, 10)) await scene.newPayload(block);
    const refusal = { code: 'invalid-forkchoice', number: -38002 };
    const wrong = [hashOf(blocks, 65), hashOf(branch, 69), hashOf(blocks, 250)];
    for (const hash of wrong) {
      for (const tags of [{ safe: hash }, { finalized: hash }]) {
        await expect(scene.choose(branch, 68, tags)).rejects.toMatchObject(refusal);
        expect(hex(scene.chain.head.hash)).toBe(hashOf(blocks, 70));
        expect(await scene.tags()).toEqual([70, undefined, undefined]);
      }
    }
    const [safe, finalized] = [hashOf(branch, 64), hashOf(blocks, 60)];
    expect(await scene.choose(branch, 68, { safe, finalized })).toEqual(chosen(at(branch, 68)));
    expect(await scene.tags()).toEqual([68, 64, 60]);
  });

  test('EN-19 the three tags change together', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    await scene.choose(blocks, 70, { safe: hashOf(blocks, 65), finalized: hashOf(blocks, 50) });
    for (const block of branch.slice(0, 10)) await scene.newPayload(block);
    const seen: Promise<unknown>[] = [];
    scene.chain.onHead(() => seen.push(scene.tags()));
    await scene.choose(branch, 68, { safe: hashOf(branch, 63), finalized: hashOf(blocks, 60) });
    expect(await Promise.all(seen)).toEqual([[70, 65, 50]]);
    expect(await scene.tags()).toEqual([68, 63, 60]);
  });

  test('EN-19 EN-37 of two consensus clients, none undoes a finalized block', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    for (const block of branch.slice(0, 10)) await scene.newPayload(block);
    await scene.choose(blocks, 70, { finalized: hashOf(blocks, 65) });
    const refusal = { code: 'invalid-forkchoice', number: -38002 };
    await expect(scene.choose(branch, 70)).rejects.toMatchObject(refusal);
    await expect(scene.choose(branch, 70, { finalized: hashOf(branch, 66) })).rejects.toMatchObject(refusal);
    expect(await scene.choose(blocks, 70, { finalized: hashOf(blocks, 55) })).toEqual(chosen(at(blocks, 70)));
    expect(await scene.tags()).toEqual([70, undefined, 65]);
  });
});

describe('restarts', () => {
  test('EN-37 between newPayload and forkchoiceUpdated the block is executed again', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 3);
    await scene.newPayload(at(blocks, 4));
    // The states in memory are lost, as by a kill.
    scene.executor.lose();
    scene.executor.executed.length = 0;
    const again = await ExecutedScene.open({}, {}, scene);
    expect(again.chain.head.number).toBe(3);
    expect(await again.choose(blocks, 4)).toEqual(chosen(at(blocks, 4)));
    expect(scene.executor.executed).toEqual([4]);
    expect(again.chain.head.number).toBe(4);
  });

  test('EN-37 the finalized block is kept', async () => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    await scene.choose(blocks, 70, { safe: hashOf(blocks, 68), finalized: hashOf(blocks, 65) });
    for (const block of branch.slice(0, 10)) await scene.newPayload(block);
    const again = await ExecutedScene.open({}, {}, scene);
    expect(await again.tags()).toEqual([70, undefined, 65]);
    expect(await again.choose(blocks, 64)).toEqual(chosen(at(blocks, 64)));
    await expect(again.choose(branch, 70)).rejects.toMatchObject({ number: -38002 });
    expect(await again.choose(blocks, 70)).toEqual(chosen(at(blocks, 70)));
    expect(await again.tags()).toEqual([70, undefined, 65]);
  });

  test('EN-37 a head whose state is lost is not VALID until it is built again', async () => {
    const scene = await ExecutedScene.open();
    for (const block of blocks.slice(0, 5)) await scene.newPayload(block);
    scene.executor.lose();
    scene.executor.executed.length = 0;
    expect(await scene.newPayload(at(blocks, 5))).toEqual(validStatus(at(blocks, 5)));
    expect(scene.executor.executed).toEqual([1, 2, 3, 4, 5]);
  });
});

test('EN-08 fork choices take effect in the order of the calls, beside payloads', async () => {
  const scene = await ExecutedScene.open();
  await scene.follow(blocks, 1, 80);
  for (const block of branch.slice(0, 20)) await scene.newPayload(block);
  const heads: string[] = [];
  scene.chain.onHead(() => heads.push(hex(scene.chain.head.hash)));
  const wanted: [readonly NewBlock[], number][] = [
    [blocks, 78],
    [branch, 79],
    [blocks, 80],
    [branch, 61],
    [blocks, 75],
  ];
  const calls = wanted.flatMap(([list, number]) => [
    scene.choose(list, number),
    scene.newPayload(at(blocks, number + 5)),
  ]);
  await Promise.all(calls);
  expect(heads).toEqual(wanted.map(([list, number]) => hashOf(list, number)));
  expect(fromHex(heads.at(-1)?.slice(2) ?? '')).toEqual(scene.chain.head.hash);
});
