import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AddrManStats, openAddrMan } from '@devp2p/addrman';
import { systemClock } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { listen } from '@devp2p/discv4/udp';
import { parseEnode } from '@devp2p/enr';
import { parseIpRange } from '@devp2p/ip';
import { Level } from 'level';
import { expect } from 'vitest';
import { type LocalChain, openChain } from '../../src/chain/chain.ts';
import { importFile } from '../../src/chain/files/import-file.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { openNetworkDatabase } from '../../src/storage/addresses.ts';
import { chainFile, datadir, genesisFile, receiptsFile, start } from './scene.ts';

/** What a node keeps its data in. */
export const databases = ['chain', 'addresses', 'nodes'] as const;

/** Keeps a node from dialling anybody of whom it has heard. */
export const staysHome = ['--nodial', '--netrestrict', '127.0.0.0/8'];

/** A public key that belongs to nobody. */
const somebody = (): Uint8Array => crypto.secp256k1.publicKey(generatePrivateKey());

/** A new directory with something in every database: a chain, addresses, a ban and a node that was found. */
export async function fullDatadir(): Promise<string> {
  const directory = datadir();
  const chain = await openDemoChain(directory);
  for (const file of [chainFile, receiptsFile]) await importFile(chain, file, { crypto });
  await chain.close();
  const database = await openNetworkDatabase(directory);
  const book = await openAddrMan({ store: database.addresses, localId: somebody() });
  for (let i = 0; i < 400; i++) {
    const ip = Uint8Array.of(20 + (i % 180), i >> 4, 1, 1);
    const nodes = [{ id: somebody(), address: { ip, tcp: 30_303, udp: 30_303 } }];
    book.add(nodes, { kind: 'peer', ip });
  }
  await book.close();
  const until = Date.now() + 86_400_000;
  const range = parseIpRange('192.0.2.0/24');
  await database.bans.save([{ kind: 'ban', range, until, reason: 'spam' }]);
  await database.close();

  const daemon = start(directory, ...staysHome);
  await introduce(await daemon.enode);
  expect(await daemon.stop()).toBe(0);
  return directory;
}

/** Becomes a node that another one has found, and keeps. */
export async function introduce(enode: string): Promise<void> {
  const guest = await listen({ privateKey: generatePrivateKey(), host: '127.0.0.1', port: 0 });
  const node = parseEnode(enode);
  // Who gets an answer has proved its address. On a busy machine it may take more than one try.
  while ((await guest.requestEnr(node).catch(() => undefined)) === undefined);
  await guest.close();
}

/** Opens the chain of a directory. */
export function openDemoChain(directory: string): Promise<LocalChain> {
  const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
  return openChain({ location: join(directory, 'chain'), genesis, crypto, clock: systemClock });
}

/** How many blocks a directory has, all of which can be read. */
export async function blocksIn(directory: string): Promise<number> {
  const chain = await openDemoChain(directory);
  const { number } = chain.head;
  for (let i = 1; i <= number; i++) expect(await chain.block(i)).toBeDefined();
  await chain.close();
  return number;
}

/** A copy that may be spoilt. */
export function copyOf(directory: string): string {
  const copy = datadir();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Opens a database of a directory as what it is. */
export async function open(directory: string, name: string): Promise<Level<string, Uint8Array>> {
  const level = new Level<string, Uint8Array>(join(directory, name), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  await level.open();
  return level;
}

/** All that a database holds. */
export async function contents(
  directory: string,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const level = await open(directory, name);
  const all = await level.iterator().all();
  await level.close();
  return new Map(all.map(([key, value]) => [key, Buffer.from(value).toString('latin1')]));
}

/** Changes a database behind the node's back. */
export async function plant(directory: string, name: string, key: string, text: string) {
  const level = await open(directory, name);
  await level.put(key, new TextEncoder().encode(text));
  await level.close();
}

/** What of the addresses in a directory can be used. */
export async function addressStats(directory: string): Promise<AddrManStats> {
  const database = await openNetworkDatabase(directory);
  const snapshot = await database.addresses.load();
  await database.close();
  const store = { load: async () => snapshot, save: async () => {}, setAside: async () => {} };
  const book = await openAddrMan({ store, localId: somebody() });
  const { stats } = book;
  await book.close();
  return stats;
}

/** Hash of each file of a directory but those that LevelDB writes for people, and to lock. */
export function fingerprint(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => !/^(LOG|LOG\.old|LOCK)$/.test(name));
  return Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(directory, name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}
