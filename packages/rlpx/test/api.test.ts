import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the exports of @devp2p/rlpx', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "FrameDecoder",
      "FrameEncoder",
      "RlpxError",
      "accept",
      "acceptHandshake",
      "frameLength",
      "initiate",
      "initiateHandshake",
    ]
  `);
});

test('the exports of @devp2p/rlpx/tcp', async () => {
  expect(Object.keys(await import('../src/tcp.ts')).sort()).toMatchInlineSnapshot(`
    [
      "connect",
      "listen",
    ]
  `);
});

test('what an import of @devp2p/rlpx brings along is cryptography, Snappy and nothing else', () => {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const manifest = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
    if (!existsSync(manifest)) return;
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
    Object.keys(dependencies).forEach(visit);
  };
  visit('@devp2p/rlpx');
  expect([...seen].sort()).toMatchInlineSnapshot(`
    [
      "@devp2p/bytes",
      "@devp2p/clock",
      "@devp2p/crypto",
      "@devp2p/enr",
      "@devp2p/ip",
      "@devp2p/options",
      "@devp2p/random",
      "@devp2p/rlp",
      "@devp2p/rlpx",
      "@noble/curves",
      "@noble/hashes",
      "@scure/base",
      "@types/node",
      "snappyjs",
      "undici-types",
    ]
  `);
});
