import { fastCrypto } from '@devp2p/crypto/fast';
import type { BlockEvm, EvmBlock, EvmOutcome } from '../../apps/node/src/execution/evm/evm.ts';
import { BlockState } from '../../apps/node/src/execution/evm/state/block-state.ts';
import { stateChanges } from '../../apps/node/src/execution/evm/state/state-changes.ts';
import type { StateReader } from '../../apps/node/src/execution/state/interfaces.ts';
import { blobParameters } from '../../apps/node/src/validation/chain-config.ts';
import { blobBaseFee } from '../../apps/node/src/validation/fees.ts';
import { bytesOf, hexOf, hexWord } from '../../apps/node/test/execution/evm/opcode-case.ts';
import type { EvmFactory } from './evms.ts';
import { configOf, type Fork, isAtLeast } from './forks.ts';
import type { Block, Message, Outcome, World } from './message.ts';
import { addressOf } from './world.ts';
import { WorldState } from './world-state.ts';

const { keccak256 } = fastCrypto;
const precompiles = new Map<Fork, readonly Uint8Array[]>();

/** The addresses of the precompiled contracts of a fork. */
function precompilesOf(fork: Fork, evm: BlockEvm): readonly Uint8Array[] {
  let addresses = precompiles.get(fork);
  if (addresses === undefined) {
    const all = Array.from({ length: 0x100 }, (_, at) => bytesOf(addressOf(at + 1)));
    addresses = all.filter((address) => evm.isPrecompile(address));
    precompiles.set(fork, addresses);
  }
  return addresses;
}

/** Runs messages in an EVM on a state in memory. */
export class OurEvm {
  readonly #world: World;
  readonly #state: WorldState;
  readonly #block: EvmBlock;
  readonly #createEvm: EvmFactory;

  constructor(world: World, createEvm: EvmFactory) {
    this.#world = world;
    this.#state = new WorldState(world.accounts);
    this.#block = evmBlock(world.fork, world.block);
    this.#createEvm = createEvm;
  }

  /** The outcome of a message, and the state after it. */
  async run(message: Message): Promise<{ outcome: Outcome; state: BlockState }> {
    const { fork } = this.#world;
    const { reader, accounts } = this.#state.with(message.code);
    const state = new BlockState(reader, { keccak256 });
    const accesses = new Map<string, Set<string>>();
    const accessed = (address: Uint8Array): Set<string> => {
      const key = hexOf(address);
      let slots = accesses.get(key);
      if (slots === undefined) {
        slots = new Set();
        accesses.set(key, slots);
      }
      return slots;
    };
    const evm = this.#createEvm(fork, this.#block, state, {
      account: (address) => void accessed(address),
      slot: (address, slot) => void accessed(address).add(hexWord(slot)),
    });
    const caller = bytesOf(message.caller);
    const to = message.to === undefined ? undefined : bytesOf(message.to);
    accessed(caller);
    this.#warm(evm, state, caller, to, reader);
    const nonce = state.nonce(caller);
    state.setNonce(caller, nonce + 1n);
    const outcome = await evm.call({
      caller,
      to,
      value: BigInt(message.value),
      input: bytesOf(message.data),
      gas: message.gas,
      stateGas: message.stateGas,
      gasPrice: BigInt(message.gasPrice),
      blobHashes: message.blobHashes.map(bytesOf),
    });
    state.finishTransaction(
      {
        removesEmptyAccounts: isAtLeast(fork, 'spuriousDragon'),
        keepsDestroyedBalance: isAtLeast(fork, 'amsterdam'),
      },
      outcome.destroyed,
    );
    const root = hexOf(accounts.rootAfter(stateChanges(state)));
    return { outcome: outcomeOf(outcome, root, isAtLeast(fork, 'amsterdam') ? accesses : undefined), state };
  }

  /** Accounts that a transaction has accessed before its code runs (EIP-2929, EIP-3651). */
  #warm(evm: BlockEvm, state: BlockState, caller: Uint8Array, to: Uint8Array | undefined, reader: StateReader): void {
    const { fork, block } = this.#world;
    if (!isAtLeast(fork, 'berlin')) return;
    state.warm(state.load(caller));
    for (const address of precompilesOf(fork, evm)) state.warm(state.load(address));
    if (isAtLeast(fork, 'shanghai')) state.warm(state.load(bytesOf(block.coinbase)));
    if (to === undefined) return;
    state.warm(state.load(to));
    // The target of a delegation; Amsterdam charges for it.
    const account = reader.account(to);
    const code = account && reader.code(account.codeHash);
    if (isAtLeast(fork, 'prague') && !isAtLeast(fork, 'amsterdam') && code !== undefined && isDelegation(code)) {
      state.warm(state.load(code.slice(3)));
    }
  }
}

function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 1 && code[2] === 0;
}

function evmBlock(fork: Fork, block: Block): EvmBlock {
  const blobs = isAtLeast(fork, 'cancun') ? blobParameters(configOf(fork), block.time) : undefined;
  return {
    number: block.number,
    timestamp: block.time,
    beneficiary: bytesOf(block.coinbase),
    gasLimit: block.gasLimit,
    difficulty: BigInt(block.difficulty),
    mixHash: bytesOf(block.random ?? hexWord(0n)),
    baseFee: BigInt(block.baseFee ?? 0),
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(block.excessBlobGas ?? 0, blobs),
    slotNumber: BigInt(block.slot),
    blockHash: (number) => keccak256(new TextEncoder().encode(`${number}`)),
  };
}

function outcomeOf(
  { isSuccess, error, gasLeft, stateGasLeft, stateGasUsed, refund, output, logs }: EvmOutcome,
  root: string,
  accesses: ReadonlyMap<string, ReadonlySet<string>> | undefined,
): Outcome {
  return {
    error: isSuccess ? '' : (error ?? 'none'),
    gas: gasLeft,
    stateGas: stateGasLeft,
    stateGasUsed,
    output: isSuccess || error === 'revert' ? hexOf(output) : '0x',
    refund: isSuccess ? refund : 0,
    logs: isSuccess
      ? logs.map(({ address, topics, data }) => ({
          address: hexOf(address),
          topics: topics.map(hexOf),
          data: hexOf(data),
        }))
      : [],
    root,
    ...(accesses === undefined
      ? {}
      : { accesses: Object.fromEntries([...accesses].map(([address, slots]) => [address, [...slots]])) }),
  };
}
