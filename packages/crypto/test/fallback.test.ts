import { beforeEach, expect, test, vi } from 'vitest';

const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
const getBuiltinModule = vi.spyOn(process, 'getBuiltinModule');
const required: string[] = [];

function withoutBinding(): void {
  getBuiltinModule.mockReturnValue({
    createRequire: () => (name: string) => {
      required.push(name);
      throw new Error('No native build was found');
    },
  });
}

async function fresh() {
  vi.resetModules();
  const { fastCrypto } = await import('../src/fast.ts');
  const { nobleCrypto } = await import('../src/index.ts');
  return { fastCrypto, nobleCrypto };
}

beforeEach(() => {
  emitWarning.mockClear();
  required.length = 0;
});

test('without the binding: curve operations of noble, keccak in WebAssembly, one warning', async () => {
  withoutBinding();
  const { fastCrypto, nobleCrypto } = await fresh();
  await import('../src/fast.ts');
  fastCrypto.secp256k1.publicKey(new Uint8Array(32).fill(1));

  expect(fastCrypto.secp256k1).toBe(nobleCrypto.secp256k1);
  expect(fastCrypto.keccak256).not.toBe(nobleCrypto.keccak256);
  expect(emitWarning).toHaveBeenCalledOnce();
  expect(emitWarning).toHaveBeenCalledWith(
    expect.stringContaining('libsecp256k1'),
    expect.objectContaining({
      code: 'DEVP2P_NO_LIBSECP256K1',
      detail: 'Error: No native build was found',
    }),
  );
});

test('the main entry of secp256k1, which falls back to elliptic, is never loaded', async () => {
  withoutBinding();
  await fresh();
  expect(required).toEqual(['secp256k1/bindings']);
});

test('no warning on platforms without native modules', async () => {
  getBuiltinModule.mockReturnValue(undefined);
  const { fastCrypto, nobleCrypto } = await fresh();
  expect(fastCrypto.secp256k1).toBe(nobleCrypto.secp256k1);
  expect(emitWarning).not.toHaveBeenCalled();
});
