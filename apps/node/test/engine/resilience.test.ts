import { describe, expect, test } from 'vitest';
import { at, blocks, branch, ExecutedScene, hashOf, validStatus } from './executed-scene.ts';
import { alice, Builder } from './payload-maker.ts';
import { zero } from './scene.ts';

const [hour, year] = [3_600_000, 31_557_600_000];
/** Jumps of the wall clock in ms: it ends where it began. */
const jumps = [hour, -2 * hour, 50 * year, -100 * year, 50 * year + hour] as const;

describe('a wall clock that jumps', () => {
  test('EN-37 every payload is built, executed and chosen as before', async () => {
    const builder = await Builder.open();
    const { clock } = builder.scene;
    let nonce = 0;
    // Times of Shanghai to Amsterdam, which come from the consensus client alone.
    for (let time = 10; time <= 420; time += 10) {
      builder.give(alice, nonce++);
      clock.jump(jumps[(time / 10) % jumps.length] as number);
      const envelope = await builder.build(time);
      expect(envelope.executionPayload.transactions).toHaveLength(1);
      clock.jump(jumps[(time / 10 + 2) % jumps.length] as number);
      await builder.accept(envelope, time);
    }
    expect(builder.chain.head.number).toBe(42);
  });

  test.each(jumps)('EN-37 a payload is improved every 2 s and for 12 s after a jump of %i ms', async (jump) => {
    const builder = await Builder.open();
    const { clock } = builder.scene;
    const [choose, get] = builder.versions(10);
    const { payloadId } = await builder.choose(builder.head.hash, choose, builder.attributes(10));
    clock.jump(jump);
    builder.give(alice, 0);
    await clock.advance(1_999);
    await builder.settled();
    builder.give(alice, 1);
    clock.jump(-jump);
    await clock.advance(2_001);
    await builder.settled();
    // Too late for this payload.
    await clock.advance(10_000);
    builder.give(alice, 2);
    await clock.advance(10_000);
    await builder.settled();
    const { executionPayload } = (await builder.scene.call(`getPayload${get}`, payloadId)) as {
      executionPayload: { transactions: string[] };
    };
    expect(executionPayload.transactions).toHaveLength(2);
    expect(clock.pending).toBe(1);
  });

  test.each(jumps)('EN-37 a jump of %i ms undoes no finalized block, and no state is lost', async (jump) => {
    const scene = await ExecutedScene.open();
    await scene.follow(blocks, 1, 70);
    await scene.choose(blocks, 70, { safe: hashOf(blocks, 68), finalized: hashOf(blocks, 65) });
    scene.engine.clock.jump(jump);
    expect(await scene.newPayload(at(blocks, 71))).toEqual(validStatus(at(blocks, 71)));
    expect(await scene.choose(blocks, 71)).toMatchObject({ payloadStatus: { status: 'VALID' } });
    for (const block of branch.slice(0, 10)) expect(await scene.newPayload(block)).toEqual(validStatus(block));
    await expect(scene.choose(branch, 70)).rejects.toMatchObject({ number: -38002 });
    expect(await scene.tags()).toEqual([71, undefined, 65]);
    const again = await ExecutedScene.open({}, {}, scene);
    again.engine.clock.jump(-jump);
    expect(await again.tags()).toEqual([71, undefined, 65]);
    expect(await again.choose(blocks, 71)).toMatchObject({ payloadStatus: { status: 'VALID' } });
  });
});

test('EN-37 two consensus clients that choose other branches at once move no finalized block back', async () => {
  const scene = await ExecutedScene.open();
  await scene.follow(blocks, 1, 80);
  for (const block of branch.slice(0, 30)) await scene.newPayload(block);
  const finalized: number[] = [];
  scene.chain.onHead(() => void scene.tags().then(([, , number = 0]) => finalized.push(number)));
  // One of them finalizes blocks of both branches' past, the other one those of its own branch.
  const first = (i: number) =>
    scene.choose(blocks, 80 + (i % 2), { finalized: i % 3 === 0 ? hashOf(blocks, 40 + i) : zero });
  const second = (i: number) => scene.choose(branch, 70 + i, { finalized: i < 10 ? zero : hashOf(branch, 60 + i) });
  await scene.newPayload(at(blocks, 81));
  const answers: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    const both = await Promise.allSettled([first(i), scene.newPayload(at(blocks, 81)), second(i), first(i + 1)]);
    answers.push(
      ...both.map((one) => (one.status === 'fulfilled' ? 'answer' : (one.reason as { number: number }).number)),
    );
  }
  // A choice that conflicts with a finalized block of the other client has its error; none is lost.
  expect(new Set(answers)).toEqual(new Set(['answer', -38002]));
  expect(finalized.length).toBeGreaterThan(10);
  expect(finalized).toEqual(finalized.toSorted((a, b) => a - b));
  const [head, , last] = await scene.tags();
  const refused = await Promise.allSettled([scene.choose(blocks, 80), scene.choose(branch, 89)]);
  expect(refused.map(({ status }) => status)).toContain('rejected');
  expect((await scene.tags())[2]).toBe(last);
  expect([head, last]).toEqual([expect.any(Number), expect.any(Number)]);
});
