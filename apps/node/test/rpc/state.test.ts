import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { contractAddress } from '@devp2p/eth';
import { verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevScene, ether, hex, initCode, openDevScene, setter } from './dev-scene.ts';

let scene: DevScene;
let contract: string;
const word = (value: bigint | number): string => `0x${value.toString(16).padStart(64, '0')}`;
const quantity = (value: bigint | number): string => `0x${value.toString(16)}`;
const absent = `0x${'77'.repeat(20)}`;

beforeAll(async () => {
  scene = await openDevScene();
  const { dev, sign } = scene;
  const sender = dev.accounts[0]?.address as Uint8Array;
  const to = contractAddress(sender, 0n, crypto);
  contract = hex(to);
  await dev.mine([sign(0, 0, { to: undefined, value: 0n, input: initCode(setter), gas: 200_000n })]);
  const set = (nonce: number, slot: number, value: number) =>
    sign(0, nonce, {
      to,
      value: 0n,
      gas: 100_000n,
      input: new Uint8Array(Buffer.from(word(slot).slice(2) + word(value).slice(2), 'hex')),
    });
  await dev.mine([set(1, 1, 0xabcd), set(2, 2, 7)]);
  await dev.mine([set(3, 1, 5), sign(1, 0)]);
});
afterAll(() => scene.dev.close());

const ask = (method: string, ...params: unknown[]) => scene.call(method, ...params);
const hashOf = async (number: number): Promise<string> =>
  ((await ask('getBlockByNumber', quantity(number), false)) as { hash: string }).hash;

describe('accounts', () => {
  test('RP-07 state methods take a number, a tag, a hash, and an object of EIP-1898; latest is the default', async () => {
    const [, second] = scene.dev.accounts;
    const address = hex(second?.address as Uint8Array);
    const before = quantity(10_000n * ether);
    for (const id of ['earliest', '0x0', await hashOf(0), { blockNumber: '0x2' }, { blockHash: await hashOf(2) }]) {
      expect(await ask('getBalance', address, id)).toBe(before);
    }
    for (const id of ['latest', 'pending', '0x3', { blockHash: await hashOf(3), requireCanonical: true }]) {
      expect(await ask('getBalance', address, id)).not.toBe(before);
    }
    expect(await ask('getBalance', address)).toBe(await ask('getBalance', address, 'latest'));
    expect(await ask('getTransactionCount', address, null)).toBe('0x1');
    expect(await ask('getTransactionCount', scene.account(0), '0x1')).toBe('0x1');
  });

  test('RP-07 both or neither of hash and number are refused', async () => {
    const both = { blockHash: await hashOf(1), blockNumber: '0x1' };
    for (const id of [{}, both]) await expect(ask('getBalance', absent, id)).rejects.toMatchObject({ number: -32602 });
  });

  test('RP-07 a side block is read by its hash, unless it has to be canonical', async () => {
    const { header } = await scene.dev.mine([], {
      parent: new Uint8Array(Buffer.from((await hashOf(1)).slice(2), 'hex')),
      extraData: Uint8Array.of(1),
    });
    const blockHash = hex(header.hash);
    expect(await ask('getStorageAt', contract, '0x1', { blockHash })).toBe(word(0));
    await expect(ask('getStorageAt', contract, '0x1', { blockHash, requireCanonical: true })).rejects.toMatchObject({
      number: -32000,
    });
  });

  test('RP-09 safe and finalized are unknown before a consensus client names them', async () => {
    for (const tag of ['safe', 'finalized']) {
      await expect(ask('getBalance', absent, tag)).rejects.toMatchObject({ number: -39001 });
    }
  });

  test('RP-09 pending is the latest state without a builder, and no block', async () => {
    const code = { [absent]: { code: '0x435f5260205ff3' } };
    expect(await ask('call', { to: absent }, 'pending', code)).toBe(await ask('call', { to: absent }, 'latest', code));
    expect(await ask('getBalance', scene.account(1), 'pending')).toBe(
      await ask('getBalance', scene.account(1), 'latest'),
    );
    expect(await ask('getBlockByNumber', 'pending', false)).toBeNull();
  });

  test('RP-10 a block that does not exist has no state', async () => {
    for (const id of ['0x100', `0x${'11'.repeat(32)}`]) {
      await expect(ask('getBalance', absent, id)).rejects.toMatchObject({
        number: -32000,
        message: expect.stringContaining('not found'),
      });
    }
  });

  test('RP-13 code and nonce of contracts and of absent accounts', async () => {
    expect(await ask('getCode', contract)).toBe(`0x${setter}`);
    expect(await ask('getCode', contract, 'earliest')).toBe('0x');
    expect(await ask('getCode', absent)).toBe('0x');
    expect(await ask('getTransactionCount', contract)).toBe('0x1');
    expect(await ask('getBalance', absent)).toBe('0x0');
  });
});

describe('storage', () => {
  test('RP-17 keys are padded, and the answer has 32 bytes', async () => {
    for (const key of ['0x1', '0x01', '0x001', word(1)]) {
      expect(await ask('getStorageAt', contract, key, '0x2')).toBe(word(0xabcd));
    }
    expect(await ask('getStorageAt', contract, '0x1', 'latest')).toBe(word(5));
    expect(await ask('getStorageAt', contract, '0x', 'latest')).toBe(word(0));
    expect(await ask('getStorageAt', absent, '0x1', 'latest')).toBe(word(0));
  });

  test.each(['0xasdf', `0x${'0'.repeat(65)}`, `0x${'0'.repeat(64_000)}`, 1, ''])(
    'RP-17 key %.70s is refused',
    async (key) => {
      await expect(ask('getStorageAt', contract, key, 'latest')).rejects.toMatchObject({ number: -32602 });
    },
  );

  test('RP-17 values of several accounts, at most 1,024', async () => {
    expect(await ask('getStorageValues', { [contract]: [word(1), word(2)], [absent]: [word(0)] })).toEqual({
      [contract]: [word(5), word(7)],
      [absent]: [word(0)],
    });
    const many = Array(1_025).fill(word(1));
    await expect(ask('getStorageValues', { [contract]: many })).rejects.toMatchObject({ number: -38026 });
    for (const empty of [{}, { [contract]: [] }, [], null]) {
      await expect(ask('getStorageValues', empty)).rejects.toMatchObject({ number: -32602 });
    }
  });
});

interface Proof {
  readonly accountProof: readonly string[];
  readonly storageHash: string;
  readonly codeHash: string;
  readonly balance: string;
  readonly storageProof: readonly { readonly key: string; readonly value: string; readonly proof: readonly string[] }[];
}

describe('proofs', () => {
  test('RP-17 a proof of an account and of slots leads from the roots to their values', async () => {
    for (const number of [1, 2, 3]) {
      const { stateRoot } = (await ask('getBlockByNumber', quantity(number), false)) as { stateRoot: string };
      const proof = (await ask('getProof', contract, ['0x1', word(2), '0x9'], quantity(number))) as Proof;
      const account = await provedValue(stateRoot, contract, proof.accountProof);
      const [, , storageRoot, codeHash] = RLP.decode(account) as Uint8Array[];
      expect([hex(storageRoot as Uint8Array), hex(codeHash as Uint8Array)]).toEqual([
        proof.storageHash,
        proof.codeHash,
      ]);
      const [one, two, nine] = proof.storageProof;
      expect([one?.key, two?.key, nine?.key]).toEqual(['0x1', word(2), '0x9']);
      for (const { key, value, proof: nodes } of proof.storageProof) {
        const found = nodes.length === 0 ? undefined : await provedValue(proof.storageHash, word(BigInt(key)), nodes);
        const shown = found === undefined ? '0x0' : quantity(BigInt(hex(RLP.decode(found) as Uint8Array)));
        expect(shown).toBe(value);
      }
      expect(one?.value).toBe(number === 1 ? '0x0' : number === 2 ? '0xabcd' : '0x5');
    }
  });

  test('RP-17 an absent account has a proof of its absence and empty hashes', async () => {
    const { stateRoot } = (await ask('getBlockByNumber', 'latest', false)) as { stateRoot: string };
    const proof = (await ask('getProof', absent, ['0x0'], 'latest')) as Proof;
    expect(await provedValue(stateRoot, absent, proof.accountProof)).toBeUndefined();
    expect(proof.accountProof.length).toBeGreaterThan(0);
    expect(proof).toMatchObject({
      balance: '0x0',
      nonce: '0x0',
      codeHash: hex(crypto.keccak256(new Uint8Array())),
      storageHash: hex(crypto.keccak256(Uint8Array.of(0x80))),
      storageProof: [{ key: '0x0', value: '0x0', proof: [] }],
    });
  });

  test('RP-17 more than 1,024 keys are refused', async () => {
    await expect(ask('getProof', contract, Array(1_025).fill('0x1'), 'latest')).rejects.toMatchObject({
      number: -32602,
    });
  });
});

/** The RLP of a value that a proof leads to; `undefined` when it proves that the key is absent. */
async function provedValue(root: string, name: string, proof: readonly string[]): Promise<Uint8Array | undefined> {
  const key = crypto.keccak256(bytes(name));
  const nodes = proof.map(bytes);
  expect(hex(crypto.keccak256(nodes[0] as Uint8Array))).toBe(root);
  return (await verifyMerkleProof(key, nodes)) ?? undefined;
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}
