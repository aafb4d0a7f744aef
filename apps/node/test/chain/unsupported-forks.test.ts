import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { createNode } from '../../src/node/node.ts';
import { genesisText, makeChain, makeGenesis } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

/** Blocks are made every 12 s from 1000 on: the fifth is the first of the fork. */
const forkTime = 1060;
const advice = 'the rules of that fork are not implemented in this version; use a version that supports it';

describe.each([
  ['bogota', 'amsterdam'],
  ['ubt', 'osaka'],
] as const)('%s', (fork, era) => {
  const changes = { config: { [`${fork}Time`]: forkTime } };
  const genesis = makeGenesis(era, changes);
  const blocks = makeChain(genesis.config, genesis.header, 6);

  test('FK-19 blocks before the fork are kept, the first of the fork is refused', async () => {
    const chain = await openTemporary(genesis);
    const error = await chain.append(blocks).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'BlockError', code: 'unsupported-fork', number: 5 });
    expect((error as Error).message).toBe(`block 5: its time, 1060, is not before ${fork}Time, 1060: ${advice}`);
    expect(chain.head.number).toBe(4);
    expect(await chain.check(blocks[4] as (typeof blocks)[0])).toContain(`${fork}Time`);
  });

  test('FK-19 a sync refuses the headers of the fork before it downloads blocks', async () => {
    const chain = await openTemporary(genesis);
    for (const { header } of blocks.slice(0, 4)) chain.checkEligible(header);
    const [, , , , fifth, sixth] = blocks;
    for (const block of [fifth, sixth]) {
      expect(() => chain.checkEligible(block?.header ?? genesis.header)).toThrow(advice);
    }
  });

  test('FK-19 a chain that starts with the fork is refused', async () => {
    const first = makeGenesis(era, { config: { [`${fork}Time`]: 1000 } });
    await expect(openTemporary(first)).rejects.toMatchObject({
      code: 'unsupported-fork',
      message: `genesis: ${fork}Time is 1000, which has come: ${advice}`,
    });
  });

  test('FK-19 a node does not start after the time of the fork', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'genesis.json');
    writeFileSync(path, genesisText(era, changes));
    const start = (seconds: number) =>
      createNode({
        datadir: join(folder, 'node'),
        genesis: path,
        host: '127.0.0.1',
        port: 0,
        discovery: false,
        clock: createVirtualClock({ now: seconds * 1000 }),
      });
    const early = await start(forkTime - 1);
    await early.close();
    await expect(start(forkTime)).rejects.toMatchObject({
      code: 'unsupported-fork',
      message: `genesis ${path}: ${fork}Time is 1060, which has come: ${advice}`,
    });
  });

  test('FK-19 the fork is announced to peers as the next one', async () => {
    const chain = await openTemporary(genesis);
    expect(chain.forks.times).toContain(forkTime);
  });
});

test('FK-19 a fork by time has no effect before London', async () => {
  const config = {
    ...{ londonBlock: 3, shanghaiTime: 5000, bogotaTime: 5000, terminalTotalDifficulty: 10 ** 12 },
    blobSchedule: null,
  };
  const genesis = makeGenesis('work', { config, baseFeePerGas: null });
  const blocks = makeChain(genesis.config, genesis.header, 3);
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  expect(chain.head.number).toBe(3);
});
