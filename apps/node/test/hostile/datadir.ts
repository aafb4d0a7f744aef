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

/** Names of a node's databases. */
export const databases = ['chain', 'addresses', 'nodes'] as const;

/** Flags that keep a node from dialing gossiped addresses. */
export const staysHome = ['--nodial', '--netrestrict', '127.0.0.0/8'];

/** A random public key. */
const randomId = (): Uint8Array => crypto.secp256k1.publicKey(generatePrivateKey());

/** A new directory with something in every database: a chain, addresses, a ban and a node that was found. */
export async function fullDatadir(): Promise<string> {
  const directory = datadir();
  const chain = await openDemoChain(directory);
  for (const file of [chainFile, receiptsFile]) await importFile(chain, file, { crypto });
  await chain.close();
  const database = await openNetworkDatabase(directory);
  const book = await openAddrMan({ store: database.addresses, localId: randomId() });
  for (let i = 0; i < 400; i++) {
    const ip = Uint8Array.of(20 + (i % 180), i >> 4, 1, 1);
    const nodes = [{ id: randomId(), address: { ip, tcp: 30_303, udp: 30_303 } }];
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

/** Makes the node at `enode` find a new node and store it. */
export async function introduce(enode: string): Promise<void> {
  const guest = await listen({ privateKey: generatePrivateKey(), host: '127.0.0.1', port: 0 });
  const node = parseEnode(enode);
  // A response shows that the endpoint proof is done. On a busy machine it may take more than one attempt.
  while ((await guest.requestEnr(node).catch(() => undefined)) === undefined);
  await guest.close();
}

/** Opens the chain of a directory. */
export function openDemoChain(directory: string): Promise<LocalChain> {
  const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
  return openChain({ location: join(directory, 'chain'), genesis, crypto, clock: systemClock });
}

/** Counts the blocks of a directory's chain, and checks that all can be read. */
export async function blocksIn(directory: string): Promise<number> {
  const chain = await openDemoChain(directory);
  const { number } = chain.head;
  for (let i = 1; i <= number; i++) expect(await chain.block(i)).toBeDefined();
  await chain.close();
  return number;
}

/** A copy of a directory that a test may damage. */
export function copyOf(directory: string): string {
  const copy = datadir();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Opens a database of a directory as a plain LevelDB. */
export async function open(directory: string, name: string): Promise<Level<string, Uint8Array>> {
  const level = new Level<string, Uint8Array>(join(directory, name), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  await level.open();
  return level;
}

/** All entries of a database. Values are decoded as Latin-1. */
export async function contents(directory: string, name: string): Promise<ReadonlyMap<string, string>> {
  const level = await open(directory, name);
  const all = await level.iterator().all();
  await level.close();
  return new Map(all.map(([key, value]) => [key, Buffer.from(value).toString('latin1')]));
}

/** Writes an entry to a database that no node has open. */
export async function plant(directory: string, name: string, key: string, text: string) {
  const level = await open(directory, name);
  await level.put(key, new TextEncoder().encode(text));
  await level.close();
}

/** Statistics of the known addresses that can be loaded from a directory. */
export async function addressStats(directory: string): Promise<AddrManStats> {
  const database = await openNetworkDatabase(directory);
  const snapshot = await database.addresses.load();
  await database.close();
  const store = { load: async () => snapshot, save: async () => {}, setAside: async () => {} };
  const book = await openAddrMan({ store, localId: randomId() });
  const { stats } = book;
  await book.close();
  return stats;
}

/** SHA-256 of each file of a directory, except for LevelDB's logs and lock. */
export function fingerprint(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => !/^(LOG|LOG\.old|LOCK)$/.test(name));
  return Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(directory, name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}
