import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';

interface Instance {
  readonly exports: { readonly memory: { readonly buffer: ArrayBuffer } };
}

/** Loads the fast backend again, and returns it with the size of its memory in bytes. */
async function freshModule() {
  const { WebAssembly: native } = globalThis as unknown as {
    WebAssembly: { Module: object; Instance: new (module: object) => Instance };
  };
  const instances: Instance[] = [];
  class Watched {
    constructor(module: object) {
      const instance = new native.Instance(module);
      instances.push(instance);
      // biome-ignore lint/correctness/noConstructorReturn: a wrapper that returns the wrapped object.
      return instance;
    }
  }
  vi.stubGlobal('WebAssembly', { Module: native.Module, Instance: Watched });
  vi.resetModules();
  const { fastCrypto } = await import('../src/fast.ts');
  vi.unstubAllGlobals();
  expect(instances).toHaveLength(1);
  return { fastCrypto, size: () => instances[0]?.exports.memory.buffer.byteLength ?? 0 };
}

test('100,000 sponges created and closed do not grow the memory', async () => {
  const { fastCrypto, size } = await freshModule();
  const before = size();
  const empty = fastCrypto.keccak256(new Uint8Array());
  for (let i = 0; i < 100_000; i++) {
    const sponge = fastCrypto.createKeccak256().update(Uint8Array.of(i));
    if (i % 1000 === 0) sponge.digest();
    sponge.close();
  }
  expect(size()).toBe(before);
  expect(fastCrypto.createKeccak256().digest()).toEqual(empty);
});

test('memory grows with the number of open sponges, and is reused', async () => {
  const { fastCrypto, size } = await freshModule();
  const open = () => Array.from({ length: 5000 }, () => fastCrypto.createKeccak256());
  const before = size();
  const sponges = open();
  const grown = size();
  // 240 bytes each, in pages of 64 KiB.
  expect(grown - before).toBeGreaterThan(5000 * 200);
  expect(grown - before).toBeLessThan(5000 * 300);

  for (let round = 0; round < 5; round++) {
    for (const sponge of sponges.splice(0)) sponge.close();
    sponges.push(...open());
  }
  expect(size()).toBe(grown);
});

test('garbage collected sponges release their memory without close()', async () => {
  const { fastCrypto, size } = await freshModule();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  const drop = () => {
    for (let i = 0; i < 20_000; i++) fastCrypto.createKeccak256().update(Uint8Array.of(i));
  };
  drop();
  const once = size();
  for (let round = 0; round < 8; round++) {
    collect();
    await setImmediate(); // finalizers run between tasks
    drop();
  }
  // Nine times more without the finalizers.
  expect(size()).toBeLessThan(3 * once);
});

test('input of any length passes through memory of a fixed size', async () => {
  const { fastCrypto, size } = await freshModule();
  const before = size();
  fastCrypto.keccak256(new Uint8Array(16_000_000));
  expect(size()).toBe(before);
});
