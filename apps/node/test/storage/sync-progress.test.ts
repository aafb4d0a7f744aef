import { expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { syncHeaderKey } from '../../src/storage/schema.ts';
import { crypto, makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../chain/temporary.ts';

const genesis = makeGenesis('prague');
const blocks = makeChain(genesis.config, genesis.header, 30);
const headers = blocks.map(({ header }) => header);
const segment = {
  top: 30,
  topHash: headers[29]?.hash ?? new Uint8Array(),
  tail: 11,
  tailParent: headers[9]?.hash ?? new Uint8Array(),
};

test('ND-08 headers of a sync in progress survive a restart, apart from the chain', async () => {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  expect(await chain.syncProgress.segments()).toEqual([]);
  expect(await chain.syncProgress.headers(1, 5)).toEqual([]);
  await chain.syncProgress.write(headers.slice(20).reverse(), [{ ...segment, tail: 21 }]);
  await chain.syncProgress.write(headers.slice(10, 20).reverse(), [segment]);
  expect(chain.head.number).toBe(0);
  expect(await chain.headers({ origin: 11, amount: 5, step: 1 })).toEqual([]);
  await chain.close();

  const again = await openTemporary(genesis, { location });
  expect(await again.syncProgress.segments()).toEqual([segment]);
  expect(await again.syncProgress.headers(11, 5)).toEqual(headers.slice(10, 15));
  expect(await again.syncProgress.headers(28, 100)).toEqual(headers.slice(27));
  expect(await again.syncProgress.headers(10, 5)).toEqual([]);
  await again.append(blocks);
  await again.syncProgress.clear();
  expect(await again.syncProgress.segments()).toEqual([]);
  expect(await again.syncProgress.headers(11, 5)).toEqual([]);
  expect(again.head.number).toBe(30);
});

test('HX-22 a damaged header of a sync in progress is named', async () => {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  await chain.syncProgress.write(headers, [segment]);
  await chain.close();
  const database = await openDatabase(location);
  await database.batch([{ type: 'put', key: syncHeaderKey(7), value: Uint8Array.of(1) }]);
  await database.close();
  const again = await openTemporary(genesis, { location, crypto });
  expect(await again.syncProgress.headers(1, 6)).toHaveLength(6);
  await expect(again.syncProgress.headers(5, 6)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('the sync header 7'),
  });
});
