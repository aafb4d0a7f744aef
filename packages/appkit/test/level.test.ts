import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LevelDatabase, type LevelProblem, openLevel } from '../src/level.ts';

class StoreError extends Error {
  readonly problem: LevelProblem;

  constructor(problem: LevelProblem, text: string, cause: Error) {
    super(text, { cause });
    this.problem = problem;
  }
}

let location: string;
let databases: LevelDatabase<string>[];
beforeEach(() => {
  location = mkdtempSync(join(tmpdir(), 'level-'));
  databases = [];
});
afterEach(async () => {
  await Promise.all(databases.map((database) => database.close()));
  rmSync(location, { recursive: true, force: true });
});

async function open(): Promise<LevelDatabase<string>> {
  const database = await openLevel<string>(location, {
    keyEncoding: 'utf8',
    toError: (problem, text, cause) => new StoreError(problem, text, cause),
  });
  databases.push(database);
  return database;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

test('entries are written, read in either order and deleted', async () => {
  const database = await open();
  await database.put('a', bytes(1), { sync: true });
  await database.batch([
    { type: 'put', key: 'b', value: bytes(2) },
    { type: 'put', key: 'c', value: bytes(3) },
  ]);
  expect(await database.get('a')).toStrictEqual(bytes(1));
  expect(await database.getMany(['c', 'x'])).toStrictEqual([bytes(3), undefined]);
  await database.delete('a');
  const keys: string[] = [];
  for await (const key of database.keys({ gte: 'a' }, { reverse: true })) keys.push(key);
  expect(keys).toEqual(['c', 'b']);
  const entries: unknown[] = [];
  for await (const entry of database.entries({ gte: 'a', lt: 'c' })) entries.push(entry[0]);
  expect(entries).toEqual(['b']);
});

test('errors are those of the program', async () => {
  const database = await open();
  await expect(open()).rejects.toMatchObject({ problem: 'locked' });
  await database.close();
  await expect(database.get('a')).rejects.toMatchObject({ problem: 'closed' });
});
