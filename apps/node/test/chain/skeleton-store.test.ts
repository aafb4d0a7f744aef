import { expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { blockKey } from '../../src/storage/records.ts';
import { crypto, makeChain, makeGenesis } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

const genesis = makeGenesis('prague');
const blocks = makeChain(genesis.config, genesis.header, 30);
const headers = blocks.map(({ header }) => header);
const segment = {
  top: 30,
  topHash: headers[29]?.hash ?? new Uint8Array(),
  tail: 11,
  tailParent: headers[9]?.hash ?? new Uint8Array(),
};

test('ND-08 headers of a running sync survive a restart, apart from the chain', async () => {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  expect(await chain.skeleton.segments()).toEqual([]);
  expect(await chain.skeleton.headers(1, 5)).toEqual([]);
  await chain.skeleton.write(headers.slice(20).reverse(), [{ ...segment, tail: 21 }]);
  await chain.skeleton.write(headers.slice(10, 20).reverse(), [segment]);
  expect(chain.head.number).toBe(0);
  expect(await chain.headers({ origin: 11, amount: 5, step: 1 })).toEqual([]);
  await chain.close();

  const again = await openTemporary(genesis, { location });
  expect(await again.skeleton.segments()).toEqual([segment]);
  expect(await again.skeleton.headers(11, 5)).toEqual(headers.slice(10, 15));
  expect(await again.skeleton.headers(28, 100)).toEqual(headers.slice(27));
  expect(await again.skeleton.headers(10, 5)).toEqual([]);
  await again.append(blocks);
  await again.skeleton.clear();
  expect(await again.skeleton.segments()).toEqual([]);
  expect(await again.skeleton.headers(11, 5)).toEqual([]);
  expect(again.head.number).toBe(30);
});

test('HX-22 a damaged header of the skeleton is named', async () => {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  await chain.skeleton.write(headers, [segment]);
  await chain.close();
  const database = await openDatabase(location);
  await database.batch([{ type: 'put', key: blockKey('skeleton', 7), value: Uint8Array.of(1) }]);
  await database.close();
  const again = await openTemporary(genesis, { location, crypto });
  expect(await again.skeleton.headers(1, 6)).toHaveLength(6);
  await expect(again.skeleton.headers(5, 6)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining("the skeleton's header 7"),
  });
});
