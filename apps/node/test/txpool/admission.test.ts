import { concatBytes } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { signTransaction as signAny, signAuthorization } from '@devp2p/eth';
import { decode, encode, type Tree, tree } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { makeGenesis } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { ether, gwei, PoolScene } from './pool-scene.ts';

const [alice, bob] = [testAccount(1), testAccount(2)];
const to = new Uint8Array(20).fill(0x77);
const fees = { maxPriorityFeePerGas: gwei, maxFeePerGas: 100n * gwei };

describe('admission', () => {
  test('TP-01 a valid transaction of each type is pending', async () => {
    const scene = await PoolScene.open();
    expect(await scene.add(scene.sign(alice, 0))).toBe('pending');
    expect(await scene.add(scene.sign(bob, 0, { type: 0 }))).toBe('pending');
    expect(scene.announced).toHaveLength(2);
    expect(scene.pool.status).toEqual({ pending: 2, queued: 0, blobs: 0 });
  });

  test.each<[string, string, (scene: PoolScene) => Uint8Array]>([
    ['of no RLP', 'transaction', () => Uint8Array.of(2, 0xc1)],
    ['of an unknown type', 'transaction', () => Uint8Array.of(0x55, 0xc0)],
    ['above 131,072 bytes', 'size', (s) => s.sign(alice, 0, { data: new Uint8Array(131_072), gas: 16_000_000 })],
    [
      'with too much init code',
      'init-code',
      (s) => s.sign(alice, 0, { to: new Uint8Array(), data: new Uint8Array(49_153), gas: 5_000_000 }),
    ],
    ['above the gas cap', 'gas-cap', (s) => s.sign(alice, 0, { gas: 2 ** 24 + 1 })],
    ['with a tip above its fee', 'priority-fee', (s) => s.sign(alice, 0, { tip: 2n, maxFee: 1n })],
    ['of another chain', 'chain-id', (s) => s.sign(alice, 0, { chainId: 77n })],
    ['with the highest nonce', 'transaction-nonce', (s) => highestNonce(s)],
    ['with too little gas', 'intrinsic-gas', (s) => s.sign(alice, 0, { gas: 20_999 })],
    [
      'below the floor of its calldata',
      'intrinsic-gas',
      (s) => s.sign(alice, 0, { gas: 38_000, data: new Uint8Array(1000).fill(1) }),
    ],
    ['without a tip', 'underpriced', (s) => s.sign(alice, 0, { tip: 0n })],
    ['without blobs', 'sidecar', (s) => s.sign(alice, 0, { type: 3, blobHashes: [new Uint8Array(32).fill(1)] })],
    ['of a false signature', 'signature', (s) => withHighS(s)],
    ['that costs more than the balance', 'balance', (s) => s.sign(alice, 0, { value: 11n * ether })],
  ])('TP-01 one %s is refused', async (_, code, make) => {
    const scene = await PoolScene.open({ directory: temporaryDirectory() });
    expect(await scene.add(make(scene))).toBe(code);
    expect(scene.pool.status).toEqual({ pending: 0, queued: 0, blobs: 0 });
    expect(scene.pool.counters.refused).toEqual({ [code]: 1 });
  });

  test('TP-01 no account is recovered and no state is read for one that is refused before', async () => {
    let recoveries = 0;
    const { secp256k1 } = crypto;
    const counting = {
      ...crypto,
      secp256k1: {
        ...secp256k1,
        recover: (...args: Parameters<typeof secp256k1.recover>) => {
          recoveries++;
          return secp256k1.recover(...args);
        },
      },
    };
    const scene = await PoolScene.open({ crypto: counting });
    const reads = scene.chain.reads.length;
    for (const raw of [scene.sign(alice, 0, { gas: 20_999 }), scene.sign(alice, 0, { tip: 0n }), withHighS(scene)]) {
      await scene.add(raw);
    }
    expect(recoveries).toBe(0);
    expect(scene.chain.reads).toHaveLength(reads);
    await scene.add(scene.sign(alice, 0));
    expect(recoveries).toBe(1);
    expect(await scene.add(scene.sign(alice, 0))).toBe('known');
    expect(recoveries).toBe(1);
  });

  test('TP-01 a type is refused until its fork is in force', async () => {
    const before = await PoolScene.open({ genesis: makeGenesis('cancun') });
    const address = new Uint8Array(20).fill(5);
    const { chainId } = before.chain.genesis.config;
    const authorization = signAuthorization({ chainId, address, nonce: 0n }, bob.key, crypto);
    const fields = { type: 4, chainId, nonce: 0n, gas: 100_000n, to, ...fees } as const;
    const setCode = signAny({ ...fields, authorizationList: [authorization] }, alice.key, crypto);
    expect(await before.add(setCode)).toBe('type');
    const after = await PoolScene.open({ genesis: makeGenesis('osaka') });
    expect(await after.add(withoutAuthorizations(setCode))).toBe('authorizations');
    expect(await after.add(setCode)).toBe('pending');
  });

  test('TP-01 a transaction without replay protection is taken from the wire, not from a local user', async () => {
    const scene = await PoolScene.open();
    const raw = unprotected(scene);
    expect(await scene.add(raw, true)).toBe('unprotected');
    expect(await scene.add(raw)).toBe('pending');
  });

  test('TP-03 the lowest tip is raised while the pool runs', async () => {
    const scene = await PoolScene.open();
    await scene.add(scene.sign(alice, 0, { tip: 5n }));
    await scene.add(scene.sign(alice, 1, { tip: 50n }));
    await scene.add(scene.sign(bob, 0, { tip: 50n }));
    scene.pool.setMinTip(10n);
    expect(scene.dropped).toMatchObject([{ reason: 'underpriced' }]);
    // The later one of the sender waits.
    expect(scene.pool.status).toEqual({ pending: 1, queued: 1, blobs: 0 });
    expect(await scene.add(scene.sign(alice, 0, { tip: 9n }), true)).toBe('underpriced');
    expect(await scene.add(scene.sign(alice, 0, { tip: 10n }))).toBe('pending');
    expect(scene.pool.status).toEqual({ pending: 3, queued: 0, blobs: 0 });
  });

  test('TP-16 transactions of a passed fork are judged again between two heads', async () => {
    const genesis = makeGenesis('prague');
    const osaka = genesis.header.timestamp + 100;
    const config = { ...genesis.config, forks: { ...genesis.config.forks, osaka } };
    const scene = await PoolScene.open({ genesis: { ...genesis, config } });
    const gasLimit = 60_000_000;
    await scene.block([], { gasLimit });
    expect(await scene.add(scene.sign(alice, 0, { gas: 2 ** 24 + 1 }))).toBe('pending');
    expect(await scene.add(scene.sign(bob, 0))).toBe('pending');
    await scene.clock.advance(100_000);
    const conditions = { baseFee: 1n, minTip: 1n, blobFee: 1n, sidecarVersion: 1 } as const;
    expect(await scene.pool.pending(conditions)).toHaveLength(1);
    expect(scene.dropped).toMatchObject([{ reason: 'gas-cap' }]);
    expect(await scene.add(scene.sign(alice, 0, { gas: 2 ** 24 + 1 }))).toBe('gas-cap');
  });
});

function highestNonce(scene: PoolScene): Uint8Array {
  const { chainId } = scene.chain.genesis.config;
  return signAny({ type: 2, chainId, nonce: 2n ** 64n - 1n, gas: 21_000n, to, ...fees }, alice.key, crypto);
}

/** A transaction of type 4 with an empty list of authorizations; its signature is not checked before that. */
function withoutAuthorizations(raw: Uint8Array): Uint8Array {
  const fields = decode(tree(), raw.subarray(1)) as Tree[];
  fields[9] = [];
  return concatBytes(Uint8Array.of(4), encode(tree(), fields));
}

/** The other signature of the same message: s is that of the order of the group minus it (EIP-2). */
function withHighS(scene: PoolScene): Uint8Array {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const raw = scene.sign(alice, 0);
  const s = BigInt(`0x${Buffer.from(raw.subarray(-32)).toString('hex')}`);
  const high = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
  return Uint8Array.from([...raw.subarray(0, -32), ...high]);
}

/** A legacy transaction that is valid on every chain. */
function unprotected(_: PoolScene): Uint8Array {
  const price = Buffer.from((100n * gwei).toString(16).padStart(10, '0'), 'hex');
  const fields: Tree[] = [new Uint8Array(), price, Uint8Array.of(0x52, 0x08), to, new Uint8Array(), new Uint8Array()];
  const signature = crypto.secp256k1.sign(crypto.keccak256(encode(tree(), fields)), alice.key);
  const word = (start: number): Uint8Array => {
    const bytes = signature.subarray(start, start + 32);
    return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  };
  return encode(tree(), [...fields, Uint8Array.of(27 + (signature[64] as number)), word(0), word(32)]);
}
