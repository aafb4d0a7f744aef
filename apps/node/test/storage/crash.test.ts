import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import { decodeBody, receiptList } from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import { Level } from 'level';
import { expect, test } from 'vitest';
import { encodeBlock, receiptsRecordCodec } from '../../src/chain/files/block-rlp.ts';
import { encodeConfigRecord } from '../../src/storage/config-record.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { blockOfKey, hashesPerPage, metaKey, sublevels } from '../../src/storage/schema.ts';
import { genesisText, makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../chain/temporary.ts';

const writer = fileURLToPath(new URL('crash-writer.mjs', import.meta.url));
const genesis = makeGenesis('prague');
const branch = makeChain(genesis.config, genesis.header, 200);
const root = branch[99]?.header ?? genesis.header;
const fork = makeChain(genesis.config, root, 50, { extraData: Uint8Array.of(1) });

/** Writes the files that the writer reads, and returns its arguments. */
function prepare(): { location: string; args: string[] } {
  const directory = temporaryDirectory();
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('genesis.json'), genesisText('prague'));
  for (const [name, blocks] of Object.entries({ branch, fork })) {
    const items = blocks.flatMap(({ header, body, receipts }) => [
      encodeBlock(header.raw, body.raw),
      encode(receiptsRecordCodec, { hash: header.hash, receipts }),
    ]);
    writeFileSync(path(name), Buffer.concat(items));
  }
  const location = path('chain');
  return { location, args: [location, path('genesis.json'), path('branch'), path('fork')] };
}

/** Output of the writer: the last head that was reached, and the head of the change in progress. */
interface Output {
  done: string;
  planned: string | undefined;
  changes: number;
  failed: string | undefined;
}

/** Runs a writer until `stop` returns true, kills it, and returns its output. */
async function write(child: ChildProcess, stop: (output: Output) => boolean): Promise<Output> {
  const output: Output = { done: '', planned: undefined, changes: 0, failed: undefined };
  if (child.stdout === null) throw new Error('no pipe');
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, ...rest] = line.split(' ');
    if (word === 'failed') output.failed = rest.join(' ');
    if (word === 'plan') output.planned = rest.join(' ');
    if (word === 'done') {
      output.done = rest.join(' ');
      output.planned = undefined;
      output.changes++;
    }
    if (stop(output)) child.kill('SIGKILL');
  }
  return output;
}

/** Checks everything in a database, and returns its head. */
async function expectWholeChain(location: string): Promise<string> {
  const database = await openDatabase(location);
  const schedule = await database.get(metaKey('config'));
  await database.close();
  expect(schedule).toEqual(encodeConfigRecord(genesis.config));
  const chain = await openTemporary(genesis, { location });
  const { head } = chain;
  const headers = await chain.headers({ origin: 0, amount: 1024, step: 1 });
  expect(headers).toHaveLength(head.number + 1);
  for (let number = 1, parent = genesis.header; number <= head.number; number++) {
    const block = await chain.block(number);
    if (block?.receipts === undefined) throw new Error(`block ${number} is incomplete`);
    expect(block.header.parentHash).toEqual(parent.hash);
    chain.checkBody(block.header, decodeBody(block.body));
    chain.checkReceipts(block.header, decode(receiptList, block.receipts));
    expect(await chain.numberOf(block.header.hash)).toBe(number);
    parent = block.header;
  }
  expect(await chain.hashAt(head.number)).toEqual(head.hash);
  const gone = [...branch, ...fork].filter(({ header }) => header.number > head.number);
  for (const { header } of gone) expect(await chain.numberOf(header.hash)).toBeUndefined();
  await chain.close();
  const level = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: 'view' });
  const keysOf = async (kind: keyof typeof sublevels): Promise<Uint8Array[]> => {
    const { from, to } = sublevels[kind].all;
    return level.keys({ gte: from, lt: to }).all();
  };
  // Besides the canonical blocks there are complete side blocks only.
  const side = (await keysOf('sideBlocks')).map(blockOfKey);
  for (const kind of ['headers', 'bodies', 'receipts', 'numbers'] as const) {
    expect(await keysOf(kind), kind).toHaveLength(head.number + 1 + side.length);
  }
  expect(await keysOf('canonical')).toHaveLength(Math.floor(head.number / hashesPerPage) + 1);
  await level.close();
  return `${head.number} ${toHex(head.hash)}`;
}

test('HX-23 killed repeatedly while it writes, the chain is complete and has the acknowledged blocks', async () => {
  const { location, args } = prepare();
  let changes = 0;
  for (let round = 1; round <= 10; round++) {
    const child = spawn(process.execPath, [writer, ...args, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const enough = 2 + ((round * 7) % 11);
    const output = await write(child, ({ changes, planned }) => {
      // Sometimes during a change, sometimes right after one.
      return changes >= enough && (planned !== undefined) === round % 3 > 0;
    });
    expect(output.failed).toBeUndefined();
    changes += output.changes;
    const head = await expectWholeChain(location);
    expect([output.done, output.planned]).toContain(head);
  }
  expect(changes).toBeGreaterThan(20);
});

test.skipIf(process.platform === 'win32')('HX-22 a full disk is reported, and the stored blocks are kept', async () => {
  const { location, args } = prepare();
  // A limit of the size of each file, in blocks of 512 bytes, simulates a full disk.
  const limited = `trap '' XFSZ; ulimit -f 200; exec "$@"`;
  const command = ['-c', limited, 'sh', process.execPath, writer, ...args, '5'];
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await write(child, ({ changes }) => changes >= 10_000);
  expect(output.failed).toMatch(/^unusable /);
  expect(output.failed).toContain(location);
  const head = await expectWholeChain(location);
  expect([output.done, output.planned]).toContain(head);
  const chain = await openTemporary(genesis, { location });
  await chain.truncate(0);
  await chain.append(branch);
  expect(chain.head.number).toBe(branch.length);
});
