import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { encode } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import type { StateReader } from '../../../src/execution/state/interfaces.ts';
import { createMemoryDatabase } from '../../../src/execution/state/memory-database.ts';
import { openStateStore, storeOf } from '../../../src/execution/state/open-state-store.ts';
import { formatCodec } from '../../../src/execution/state/records.ts';
import { metaKeys, sublevels } from '../../../src/execution/state/schema.ts';
import type { StateDatabase } from '../../../src/execution/state/state-database.ts';
import { addressOf, blockHash } from './model.ts';
import { change, faultyDatabase, genesis, keysOf, overwrite, storeOn } from './scene.ts';

const codeOf = (code: string): ReturnType<typeof expect.objectContaining> => expect.objectContaining({ code });

/** A database in memory with accounts, storages, code and differences, closed and ready to be opened. */
async function filled(): Promise<StateDatabase> {
  const database = createMemoryDatabase();
  const store = await storeOn(database);
  const many = Array.from({ length: 30 }, (_, i) => change(i, 5n, { slots: { 1: 1n, 2: 2n, 3: 3n } }));
  store.apply(blockHash(0), { number: 1, hash: blockHash(1) }, many);
  const code = Uint8Array.of(1, 2, 3);
  store.apply(blockHash(1), { number: 2, hash: blockHash(2) }, [
    change(0, 6n, { code, slots: { 1: 0n } }),
    change(1, undefined),
  ]);
  await store.commit(blockHash(2));
  await store.close();
  await database.reopen();
  return database;
}

test('ND-07 the state of another genesis block or of another format is refused, with one line', async () => {
  const database = await filled();
  const other = { ...genesis, header: { number: 0, hash: blockHash(9), stateRoot: new Uint8Array(32) } as never };
  await expect(storeOf(database, { genesis: other, crypto })).rejects.toThrow(codeOf('other-genesis'));
  await database.reopen();
  await expect(storeOf(database, { genesis: other, crypto })).rejects.toThrow(/^[^\n]*0x[0-9a-f]{64}, not 0x[^\n]*$/);
  await database.reopen();
  await overwrite(database, metaKeys.format, encode(formatCodec, { version: 7, genesis: blockHash(0) }));
  await expect(storeOn(database)).rejects.toThrow(codeOf('other-format'));
  await database.reopen();
  await expect(storeOn(database)).rejects.toThrow('has format 7, this program writes format 1');
});

test('ND-07 genesis accounts that are not known, or have another root, are refused', async () => {
  const { header, source } = genesis;
  await expect(storeOf(createMemoryDatabase(), { genesis: { header, source }, crypto })).rejects.toThrow(
    codeOf('genesis-accounts'),
  );
  const account = { balance: 1n, nonce: 0n, code: new Uint8Array(0), storage: [] };
  const accounts = [[addressOf(1), account]] as const;
  const database = createMemoryDatabase();
  await expect(storeOf(database, { genesis: { header, source, accounts }, crypto })).rejects.toThrow(
    codeOf('genesis-accounts'),
  );
  // Nothing of it remains for the next attempt.
  await database.reopen();
  const store = await storeOn(database);
  expect(store.reader(blockHash(0))?.account(addressOf(1))).toBeUndefined();
  expect(await keysOf(database, 'accounts')).toHaveLength(0);
  // An existing database needs no accounts.
  await store.close();
  await database.reopen();
  await (await storeOf(database, { genesis: { header, source }, crypto })).close();
});

test('ND-07 a genesis state whose writing was interrupted is written again', async () => {
  const accounts = Array.from({ length: 10_000 }, (_, i) => {
    const storage = [[new Uint8Array(32), new Uint8Array(32).fill(1)]] as const;
    return [addressOf(i), { balance: BigInt(i), nonce: 0n, code: new Uint8Array(0), storage }] as const;
  });
  const whole = createMemoryDatabase();
  const wrong = { header: genesis.header, source: 'test', accounts };
  const message = await storeOf(whole, { genesis: wrong, crypto }).catch((error: Error) => error.message);
  const root = new Uint8Array(Buffer.from(/0x([0-9a-f]{64}),/.exec(String(message))?.[1] ?? '', 'hex'));
  const right = { header: { number: 0, hash: blockHash(0), stateRoot: root } as never, source: 'test', accounts };
  const database = faultyDatabase();
  database.room = 2;
  await expect(storeOf(database, { genesis: right, crypto })).rejects.toThrow('no space left');
  database.isFull = false;
  database.room = Number.POSITIVE_INFINITY;
  await database.reopen();
  const store = await storeOf(database, { genesis: right, crypto });
  expect(store.head.stateRoot).toEqual(root);
  expect(store.reader(blockHash(0))?.account(addressOf(9_999))?.balance).toBe(9_999n);
  await store.close();
});

test('ND-07 missing and damaged records are reported as such, never as another state', async () => {
  const touched = [...Array.from({ length: 30 }, (_, i) => change(i, 77n, { slots: { 2: 9n, 8: 9n } }))];
  const kinds = ['accounts', 'slots', 'nodes', 'code', 'differences'] as const;
  let found = 0;
  for (const kind of kinds) {
    const expected = await storeOn(await filled());
    const root = expected.rootAfter(blockHash(2), touched);
    const { length } = await keysOf(await filled(), kind);
    for (let i = 0; i < length; i++) {
      for (const isRemoved of [true, false]) {
        // Without its oldest difference the history is shorter, as after pruning.
        if (kind === 'differences' && i === 0 && isRemoved) continue;
        const database = await filled();
        const key = (await keysOf(database, kind))[i] as Uint8Array;
        const value = new Uint8Array(database.get(key) as Uint8Array);
        value[value.length >> 1] = (value[value.length >> 1] as number) ^ 1;
        await overwrite(database, key, isRemoved ? undefined : value);
        let problem: unknown;
        try {
          const store = await storeOn(database);
          for (const block of [2, 1, 0]) {
            const reader = store.reader(blockHash(block), { isVerified: true }) as StateReader;
            for (let account = 0; account < 30; account++) {
              const { codeHash } = reader.account(addressOf(account)) ?? {};
              if (codeHash !== undefined) reader.code(codeHash);
              for (const slot of [1n, 2n, 3n]) reader.storage(addressOf(account), slot);
            }
          }
          expect(store.rootAfter(blockHash(2), touched)).toEqual(root);
        } catch (error) {
          problem = error;
        }
        expect(problem, `${kind} ${i} ${isRemoved}`).toMatchObject({ code: 'corrupt' });
        found++;
      }
    }
  }
  expect(found).toBeGreaterThan(50);
});

test('ND-07 a damaged head is reported, and a location that cannot be used', async () => {
  const database = await filled();
  await overwrite(database, metaKeys.head, Uint8Array.of(1));
  await expect(storeOn(database)).rejects.toThrow(codeOf('corrupt'));
  const missing = await filled();
  await overwrite(missing, metaKeys.head, undefined);
  await expect(storeOn(missing)).rejects.toThrow(codeOf('corrupt'));
  const gap = await filled();
  await overwrite(gap, (await keysOf(gap, 'differences'))[1] as Uint8Array, undefined);
  await expect(storeOn(gap)).rejects.toThrow(codeOf('corrupt'));
  const location = join(mkdtempSync(join(tmpdir(), 'state-')), 'state');
  const store = await openStateStore({ location, genesis, crypto });
  await expect(openStateStore({ location, genesis, crypto })).rejects.toThrow(codeOf('in-use'));
  await store.close();
  await store.close();
  await expect(store.commit(blockHash(0))).resolves.toBeUndefined();
  expect(() => store.reader(blockHash(0))?.account(addressOf(1))).toThrow(codeOf('closed'));
  const file = fileLocation();
  await expect(openStateStore({ location: file, genesis, crypto })).rejects.toThrow(codeOf('unusable'));
});

function fileLocation(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'state-')), 'file');
  writeFileSync(path, 'text');
  return path;
}

test('ND-07 parts of the database have the names of abstract-level sublevels', () => {
  const names = Object.values(sublevels).map(({ all }) => new TextDecoder().decode(all.from));
  expect(names).toEqual(['!meta!', '!accounts!', '!slots!', '!code!', '!nodes!', '!differences!', '!dropped!']);
});
