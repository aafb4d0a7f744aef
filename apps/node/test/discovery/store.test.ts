import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storeSuite } from '../../../../packages/discover/test/store-suite.ts';
import { type NodeDatabase, openNodeDatabase } from '../../src/storage/discovery-nodes.ts';

const writer = fileURLToPath(new URL('store-writer.mjs', import.meta.url));

let folder: string;
const open = new Set<NodeDatabase>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(async () => {
  await Promise.all([...open].map((store) => store.close()));
  open.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function openStore(): Promise<NodeDatabase> {
  const store = await openNodeDatabase(folder);
  open.add(store);
  return store;
}

describe('the store on level', () => {
  storeSuite(openStore);

  test('D4-16 has all entries after it was closed and opened again', async () => {
    const store = await openStore();
    await store.put('local/a', Uint8Array.of(1, 2));
    await store.close();
    const again = await openStore();
    expect(await again.get('local/a')).toEqual(Uint8Array.of(1, 2));
  });

  test('D4-16 D4-18 keeps all entries reported as stored after kill -9', async () => {
    for (let round = 0; round < 2; round++) {
      const child = spawn(process.execPath, [writer, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = -1;
      for await (const line of createInterface({ input: child.stdout })) {
        said = Number(line);
        if (said === 500) child.kill('SIGKILL');
      }
      expect(said).toBeGreaterThanOrEqual(500);
      const store = await openStore();
      const [a = 0, b = 0, c = 0] = (await store.get('local/count')) ?? [];
      const stored = (a << 16) | (b << 8) | c;
      // The last one may have been stored but not printed.
      expect([said, said + 1]).toContain(stored);
      const keys = new Set<string>();
      for await (const [key] of store.entries('node/')) keys.add(key);
      for (let i = 0; i <= said; i++) expect(keys).toContain(`node/${i}`);
      await store.close();
    }
  });

  test('a database that cannot be opened is named', async () => {
    mkdirSync(join(folder, 'nodes'));
    writeFileSync(join(folder, 'nodes', 'CURRENT'), 'nonsense');
    await expect(openNodeDatabase(folder)).rejects.toMatchObject({
      code: 'nodes-unusable',
      message: expect.stringContaining(`node database ${join(folder, 'nodes')} is damaged`),
    });
  });
});
