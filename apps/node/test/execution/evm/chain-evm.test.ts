import { nobleCrypto as crypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { networkGenesis } from '../../../src/config/genesis/networks.ts';
import { createChainEvm } from '../../../src/execution/evm/chain-evm.ts';
import type { EvmCall, EvmOutcome } from '../../../src/execution/evm/evm.ts';
import { BlockState } from '../../../src/execution/evm/state/block-state.ts';
import { pointEvaluation } from '../../../src/execution/kzg/point-evaluation.ts';
import type { StateReader } from '../../../src/execution/state/interfaces.ts';
import { address, createMemoryReader } from './memory-reader.ts';

const sender = { address: address(0x1001), balance: 10n ** 18n, nonce: 1n };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Calls on a block of Sepolia, by default of Osaka. */
function open(reader: StateReader, timestamp = 1_760_427_360, verifyProof: () => boolean = () => true) {
  const { config } = networkGenesis('sepolia', crypto);
  const chain = createChainEvm({ config, crypto, precompiles: [pointEvaluation({ verifyProof })] });
  const state = new BlockState(reader, { keccak256: crypto.keccak256 });
  const block = {
    number: 10_000_000,
    timestamp,
    beneficiary: address(9),
    gasLimit: 60_000_000,
    difficulty: 0n,
    mixHash: new Uint8Array(32),
    baseFee: 1n,
    blobBaseFee: 1n,
    slotNumber: 5n,
    blockHash: () => new Uint8Array(32),
  };
  const evm = chain.at(block, state);
  const call = async (options: Partial<EvmCall>): Promise<EvmOutcome> =>
    evm.call({
      caller: sender.address,
      to: address(0x1002),
      value: 0n,
      input: new Uint8Array(0),
      gas: 1_000_000,
      stateGas: 0,
      gasPrice: 1n,
      blobHashes: [],
      ...options,
    });
  return { evm, state, call };
}

/** Calls contract 0x1003 and stores whether that succeeded. */
const caller = { address: address(0x1002), nonce: 1n, code: bytes('60006000600060006000' + '6110035af1600055') };
/** SLOAD(7). */
const callee = { address: address(0x1003), nonce: 1n, code: bytes('60075450') };
const accounts = [sender, caller, callee];

test('the rules are those of the fork of the block', async () => {
  // SLOTNUM
  const code = bytes('4b60005260206000f3');
  const reader = createMemoryReader([sender, { address: address(0x1002), nonce: 1n, code }]);
  const osaka = await open(reader).call({});
  expect([osaka.isSuccess, osaka.error, osaka.gasLeft]).toEqual([false, 'invalid-opcode', 0]);
  const amsterdam = await open(reader, 1_791_294_816).call({});
  expect(amsterdam.output.at(-1)).toBe(5);
});

test.each(['account', 'storage', 'code'] as const)(
  'ND-07 an error of reader.%s within a callee is thrown, and no failed call',
  async (method) => {
    const reader = createMemoryReader(accounts);
    const error = new Error('disk');
    const { call, state } = open({
      ...reader,
      [method]: (key: Uint8Array, slot: bigint) => {
        const isOfCallee =
          method === 'code'
            ? Buffer.compare(key, crypto.keccak256(callee.code)) === 0
            : key[19] === 3 && key[18] === 0x10;
        if (isOfCallee) throw error;
        return (reader[method] as (key: Uint8Array, slot: bigint) => unknown)(key, slot);
      },
    });
    await expect(call({})).rejects.toBe(error);
    expect(state.failure).toEqual({ error });
  },
);

test('an error of the KZG library is thrown, and no failed call', async () => {
  const hash = 'c00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000';
  const commitment = bytes(hash.slice(0, 96));
  const { createHash } = await import('node:crypto');
  const versioned = createHash('sha256').update(commitment).digest();
  versioned[0] = 1;
  const input = Buffer.concat([versioned, Buffer.alloc(64), commitment, commitment]);
  const error = new Error('no library');
  const failing = open(createMemoryReader(accounts), undefined, () => {
    throw error;
  });
  await expect(failing.call({ to: address(0x0a), input })).rejects.toBe(error);
  const refusing = await open(createMemoryReader(accounts), undefined, () => false).call({ to: address(0x0a), input });
  expect([refusing.isSuccess, refusing.error, refusing.gasLeft]).toEqual([false, 'precompile', 0]);
  const proving = await open(createMemoryReader(accounts)).call({ to: address(0x0a), input });
  expect([proving.isSuccess, proving.gasLeft, proving.output.length]).toEqual([true, 950_000, 64]);
});

test('a creation deploys code at the address of its creator and nonce', async () => {
  const { call, state } = open(createMemoryReader([sender]));
  // RETURN(0, 1): code of one byte, STOP
  const outcome = await call({ to: undefined, input: bytes('60016000f3'), value: 3n });
  expect([outcome.isSuccess, outcome.output]).toEqual([true, Uint8Array.of(0)]);
  const created = [...state.accounts()].find(({ code }) => code?.length === 1);
  expect(Buffer.from(created?.address ?? []).toString('hex')).toBe('3817e247023b4f489352758397040b1fd33b300a');
  expect([created?.nonce, created?.balance]).toEqual([1n, 3n]);
});

test('precompiled contracts are those of the fork', () => {
  const { evm } = open(createMemoryReader([]), 1_700_000_000);
  const later = open(createMemoryReader([]));
  expect([1, 0x0a, 0x0b, 0x100].map((number) => evm.isPrecompile(address(number)))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([0x0a, 0x11, 0x12, 0x100].map((number) => later.evm.isPrecompile(address(number)))).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

test('FK-10 gas that does not cover a new account in Amsterdam ends the call before its first instruction', async () => {
  const { call } = open(createMemoryReader([sender]), 1_791_294_816);
  const outcome = await call({ to: address(77), value: 1n, gas: 183_599, stateGas: 0 });
  expect([outcome.isSuccess, outcome.isUnprepared, outcome.gasLeft]).toEqual([false, true, 0]);
  const enough = await call({ to: address(77), value: 1n, gas: 183_601, stateGas: 0 });
  expect([enough.isSuccess, enough.isUnprepared, enough.gasLeft, enough.stateGasUsed]).toEqual([
    true,
    false,
    1,
    183_600,
  ]);
});
