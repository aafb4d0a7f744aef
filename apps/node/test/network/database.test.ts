import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BanEntry } from '@devp2p/connmgr';
import type { Enode } from '@devp2p/enr';
import { parseIpRange } from '@devp2p/ip';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type NetworkDatabase, openNetworkDatabase } from '../../src/storage/addresses.ts';

let folder: string;
let database: NetworkDatabase;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'addresses-'));
  database = await openNetworkDatabase(folder);
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  await database.close();
  database = await openNetworkDatabase(folder);
}

/** Writes an entry while the database is closed. */
async function plant(key: string, text: string): Promise<void> {
  await database.close();
  const level = new Level<string, string>(join(folder, 'addresses'));
  await level.put(key, text);
  await level.close();
  database = await openNetworkDatabase(folder);
}

describe('ND-03 the database of addresses', () => {
  test('ND-03 returns a saved snapshot unchanged', async () => {
    expect(await database.addresses.load()).toBeUndefined();
    await database.addresses.save(Uint8Array.of(1, 2, 3));
    await reopen();
    expect(await database.addresses.load()).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('CM-16 anchors are read once', async () => {
    // The generator of secp256k1, since an id must be a point of the curve.
    const id = new Uint8Array(64);
    id.set(Buffer.from('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex'));
    id.set(Buffer.from('483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8', 'hex'), 32);
    const anchor: Enode = { id, host: '8.8.8.8', tcp: 30303, udp: 30301 };
    await database.anchors.save([anchor]);
    await reopen();
    expect(await database.anchors.take()).toEqual([anchor]);
    expect(await database.anchors.take()).toEqual([]);
  });

  test('CM-17 bans are loaded as they were saved', async () => {
    const bans: BanEntry[] = [
      { kind: 'ban', range: parseIpRange('192.0.2.0/24'), until: 5, reason: 'spam' },
      { kind: 'discourage', range: parseIpRange('2001:db8::/64'), until: 7, reason: '' },
    ];
    await database.bans.save(bans);
    await reopen();
    expect(await database.bans.load()).toEqual(bans);
  });

  test.each([
    ['[{"kind":"ban","range":"192.0.2.0/33","until":5,"reason":""}]', 'entry 1'],
    ['[{"kind":"ban","range":"192.0.2.0/24","until":5,"reason":""},{}]', 'entry 2'],
    ['{}', 'list'],
    ['[', 'list'],
  ])('CM-17 an invalid ban is named, and the database is not changed: %s', async (text, name) => {
    await plant('bans', text);
    const failure = expect.objectContaining({
      code: 'bans-unusable',
      message: expect.stringContaining(name),
    });
    await expect(database.bans.load()).rejects.toEqual(failure);
    await reopen();
    await expect(database.bans.load()).rejects.toEqual(failure);
  });

  test('HX-22 invalid anchors are set aside, and reported', async () => {
    await plant('anchors', '["enode://12@192.0.2.7:1"]');
    await expect(database.anchors.take()).rejects.toMatchObject({
      code: 'addresses-unusable',
      message: expect.stringMatching(/^the anchors in .*: they are set aside$/),
    });
    expect(await database.anchors.take()).toEqual([]);
    await database.close();
    const level = new Level<string, string>(join(folder, 'addresses'));
    const all = await level.iterator().all();
    await level.close();
    expect(all).toEqual([[expect.stringMatching(/^anchors set aside \d+$/), '["enode://12@192.0.2.7:1"]']]);
  });

  test('HX-22 a database in use by another process is reported in one line', async () => {
    await expect(openNetworkDatabase(folder)).rejects.toMatchObject({
      code: 'datadir-in-use',
      message: expect.stringMatching(/^address database .* is in use by another process$/),
    });
  });
});
