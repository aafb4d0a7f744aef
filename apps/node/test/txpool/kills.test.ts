import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { equalBytes, toHex } from '@devp2p/bytes';
import { bytes, encode, list } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { crypto, genesisText } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { blobTransaction } from './blobs.ts';
import { PoolScene } from './pool-scene.ts';

const writer = fileURLToPath(new URL('blob-writer.mjs', import.meta.url));
const kills = 8;
const senders = 8;
const perSender = 6;

/** Moments of a kill: once some transactions are stored, at once or while the next one is written. */
interface Moment {
  readonly stored: number;
  readonly isWriting: boolean;
  readonly turns: number;
}

/** Names in a directory that may not be there yet. */
const names = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

/** Runs the writer. @returns its lines until its end */
async function run(args: readonly string[], files: string, moment?: Moment): Promise<string[]> {
  const child = spawn(process.execPath, [writer, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let added = 0;
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (!line.startsWith('added') || ++added !== moment?.stored) continue;
    const isUnfinished = (): boolean => names(files).some((name) => name.endsWith('.new'));
    while (moment.isWriting && child.exitCode === null && !isUnfinished()) await turn();
    for (let turns = moment.turns; turns > 0; turns--) await turn();
    child.kill('SIGKILL');
  }
  return lines;
}

test(`TP-17 killed ${kills} times while it stores blob transactions, a pool opens again with all that were stored`, {
  timeout: 300_000,
}, async () => {
  const signer = await PoolScene.open();
  const transactions = Array.from({ length: perSender }, (_, nonce) =>
    Array.from({ length: senders }, (_, i) => blobTransaction(signer, testAccount(i + 1), nonce)),
  ).flat();
  const keys = transactions.map(({ canonical }) => toHex(crypto.keccak256(canonical)));
  await signer.pool.close();

  const directory = temporaryDirectory();
  const files = join(directory, 'blobs', 'pool');
  const inputs = temporaryDirectory();
  const args = [directory, join(inputs, 'genesis.json'), join(inputs, 'transactions')];
  writeFileSync(join(inputs, 'genesis.json'), genesisText('osaka'));
  writeFileSync(
    join(inputs, 'transactions'),
    encode(
      list(bytes()),
      transactions.map(({ network }) => network),
    ),
  );

  const stored = new Set<string>();
  /** Opens the pool: it has every transaction that was stored, each file is of a pooled one, and all can be read. */
  const expectWhole = async (): Promise<void> => {
    const { pool } = await PoolScene.open({ directory });
    const left = names(files);
    expect(left.sort()).toEqual(keys.filter((key) => pool.has(Buffer.from(key, 'hex'))).sort());
    expect(left).toEqual(expect.arrayContaining([...stored]));
    expect(pool.status).toEqual({ pending: left.length, queued: 0, blobs: left.length });
    for (const [i, { network }] of transactions.entries()) {
      if (!left.includes(keys[i] as string)) continue;
      const read = await pool.networkForm(Buffer.from(keys[i] as string, 'hex'));
      expect(read !== undefined && equalBytes(read, network)).toBe(true);
    }
    await pool.close();
  };
  const note = (lines: readonly string[]): void => {
    expect(lines.filter((line) => !/^(?:added|known) \d+$|^complete$/.test(line))).toEqual([]);
    for (const line of lines) if (line.startsWith('added')) stored.add(keys[Number(line.split(' ')[1])] as string);
  };

  for (let round = 0, done = 0; done < kills; round++) {
    const lines = await run(args, files, { stored: 1 + (round % 4), isWriting: round % 2 === 1, turns: round % 3 });
    note(lines);
    await expectWhole();
    if (!lines.includes('complete')) done++;
    else {
      // It had ended before the kill.
      rmSync(files, { recursive: true });
      stored.clear();
    }
  }
  note(await run(args, files));
  await expectWhole();
  expect(names(files)).toHaveLength(transactions.length);
});
