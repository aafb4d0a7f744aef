import type { Crypto } from '@devp2p/crypto';
import { type Header, type RawList, recoverSender, type Transaction } from '@devp2p/eth';
import { BlockError, type BlockErrorCode } from '../../errors/chain-error.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { type TransactionLimits, transactionLimits } from '../../validation/transaction.ts';
import type { BlockEvm, EvmOutcome } from '../evm/evm.ts';
import type { BlockState, FinishRules } from '../evm/state/block-state.ts';
import { stateChanges } from '../evm/state/state-changes.ts';
import type { StateChanges } from '../state/interfaces.ts';
import type { AccessListBuilder } from './access-list.ts';
import type { BlockContext } from './block-context.ts';
import { checkExecutable } from './check-transaction.ts';
import { applyDaoFork } from './dao-fork.ts';
import { GasPool } from './gas-pool.ts';
import { ReceiptsBuilder } from './receipts.ts';
import { readDeposits } from './requests.ts';
import { payRewards } from './rewards.ts';
import { type RunOutcome, runTransaction, type TransactionRunner } from './run-transaction.ts';
import {
  amsterdamRequestContracts,
  beaconRootsAddress,
  historyAddress,
  pragueRequestContracts,
  type RequestContract,
  systemAddress,
  systemCallGas,
  systemCallStateGas,
} from './system-contracts.ts';

const weiPerGwei = 1_000_000_000n;
const nothing: Uint8Array = new Uint8Array(0);

/** Addresses of precompiled contracts of all forks: 1 to 0x11, and 0x100 (EIP-7951). */
export const precompileAddresses: readonly Uint8Array[] = [...Array.from({ length: 0x11 }, (_, i) => i + 1), 0x100].map(
  (number) => Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? number & 0xff : i === 18 ? number >> 8 : 0)),
);

/** What a block is executed with. */
export interface BlockExecutionOptions {
  readonly config: ChainConfig;
  readonly context: BlockContext;
  readonly state: BlockState;
  readonly evm: BlockEvm;
  readonly crypto: Crypto;
  readonly accessList: AccessListBuilder | undefined;
  /**
   * The state root after changes of the parent's state. Before Byzantium receipts have the root after each transaction.
   */
  readonly intermediateRoot: ((changes: StateChanges) => Uint8Array) | undefined;
}

/** The part of a withdrawal that execution needs (EIP-4895). */
export interface BalanceIncrease {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** In gwei. */
  readonly amount: bigint;
}

/** The parts of a block's body that are executed after its transactions. */
export interface BlockEnd {
  /** @default none */
  readonly withdrawals?: readonly BalanceIncrease[];
  /** Headers of the uncles of a proof-of-work block. @default none */
  readonly uncles?: readonly Pick<Header, 'number' | 'beneficiary'>[];
}

/** The results of a block. */
export interface BlockResult {
  /** Elements in the form of eth/69. */
  readonly receipts: RawList;
  /** Values of the receipts trie. */
  readonly receiptValues: readonly Uint8Array[];
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly gasUsed: number;
  readonly blobGasUsed: number;
  /** Each with its type, by type (EIP-7685); absent before Prague. */
  readonly requests: readonly Uint8Array[] | undefined;
  /** The block access list in RLP (EIP-7928); absent before Amsterdam. */
  readonly accessList: Uint8Array | undefined;
  /** Number of accounts and slots of the access list. */
  readonly accessListSize: number;
  readonly changes: StateChanges;
}

/** A transaction of the block that was executed. */
export interface TransactionResult extends RunOutcome {
  /** The tip per unit of gas that the beneficiary received, in wei. */
  readonly tip: bigint;
}

/**
 * The execution of one block: {@link begin}, then {@link apply} for each transaction, then {@link finish}.
 *
 * A transaction that cannot be executed leaves no trace, so that another one can be applied instead. Any other error
 * ends the execution.
 */
export class BlockExecution {
  readonly #options: BlockExecutionOptions;
  readonly #runner: TransactionRunner;
  readonly #limits: TransactionLimits;
  readonly #finishRules: FinishRules;
  readonly #gasPool: GasPool;
  readonly #receipts: ReceiptsBuilder;
  #blobGasUsed = 0;
  /** Number of transactions. */
  #count = 0;
  /** Index of changes in the access list: 0 before the transactions, then one for each, then one after them. */
  #index = 0;

  constructor(options: BlockExecutionOptions) {
    const { config, context, crypto } = options;
    const { fields, rules } = context;
    this.#options = options;
    this.#runner = { ...options, chainId: config.chainId };
    this.#limits = transactionLimits(config, fields);
    this.#finishRules = { removesEmptyAccounts: rules.eip158, keepsDestroyedBalance: rules.amsterdam };
    this.#gasPool = new GasPool(Number(fields.gasLimit), rules.amsterdam);
    this.#receipts = new ReceiptsBuilder(crypto);
  }

  /** Number of transactions so far. */
  get length(): number {
    return this.#count;
  }

  /** The highest gas limit of a further transaction. */
  get gasLeft(): number {
    return this.#gasPool.left;
  }

  get blobGasUsed(): number {
    return this.#blobGasUsed;
  }

  /** Makes the changes of the protocol before the transactions. */
  async begin(): Promise<void> {
    const { config, context, state } = this.#options;
    const { fields, rules } = context;
    if (rules.berlin) warmForBlock(this.#options);
    if (config.daoForkSupport && fields.number === config.forks.daoFork) applyDaoFork(state);
    if (rules.cancun && fields.parentBeaconBlockRoot !== undefined) {
      await this.#callSystem(beaconRootsAddress, fields.parentBeaconBlockRoot);
    }
    if (rules.prague) await this.#callSystem(historyAddress, fields.parentHash);
  }

  /**
   * Executes the next transaction.
   *
   * @param sender the recovered sender, 20 bytes. @default recovered from the signature
   * @throws TransactionError when it cannot be executed; nothing has changed then
   */
  async apply(transaction: Transaction, sender?: Uint8Array): Promise<TransactionResult> {
    const { config, context, state, crypto } = this.#options;
    const executable = checkExecutable(transaction, sender ?? recoverSender(transaction.raw, crypto), {
      context,
      chainId: config.chainId,
      limits: this.#limits,
      state,
      gasPool: this.#gasPool,
      blobGasUsed: this.#blobGasUsed,
    });
    const run = runTransaction(executable, this.#runner);
    const outcome = run instanceof Promise ? await run : run;
    this.#gasPool.charge(outcome.spent);
    this.#count++;
    this.#index++;
    this.#end(outcome.destroyed);
    this.#blobGasUsed += executable.blobGas;
    const result = context.rules.byzantium ? outcome.isSuccess : this.#root();
    this.#receipts.add(transaction.type, result, this.#gasPool.cumulative, outcome.logs);
    return { ...outcome, tip: executable.tip };
  }

  /**
   * Makes the changes of the protocol after the transactions.
   *
   * @throws BlockError `deposits`, `system-contract`
   */
  async finish({ withdrawals = [], uncles = [] }: BlockEnd = {}): Promise<BlockResult> {
    const { config, context, state, accessList } = this.#options;
    const { rules, fields } = context;
    this.#index++;
    if (rules.shanghai) {
      for (const { address, amount } of withdrawals) {
        accessList?.account(address);
        state.addBalance(address, amount * weiPerGwei);
      }
      this.#end();
    }
    const requests = rules.prague ? await this.#requests() : undefined;
    if (!rules.merge && config.clique === undefined) payRewards(state, fields, uncles, rules);
    this.#end();
    return {
      receipts: this.#receipts.list(),
      receiptValues: this.#receipts.trieValues,
      logsBloom: this.#receipts.bloom,
      gasUsed: this.#gasPool.used,
      blobGasUsed: this.#blobGasUsed,
      requests,
      accessList: accessList?.encode(),
      accessListSize: accessList?.size ?? 0,
      changes: stateChanges(state),
    };
  }

  /** Ends a transaction or a call of the protocol. */
  #end(destroyed: readonly Uint8Array[] = []): void {
    const { state, accessList } = this.#options;
    const finish = (): void => state.finishTransaction(this.#finishRules, destroyed);
    if (accessList === undefined) finish();
    else accessList.finish(this.#index, destroyed, finish);
  }

  #root(): Uint8Array {
    const { intermediateRoot, state } = this.#options;
    if (intermediateRoot === undefined) throw new Error('receipts before Byzantium need the state root');
    return intermediateRoot(stateChanges(state));
  }

  async #requests(): Promise<readonly Uint8Array[]> {
    const { config, context } = this.#options;
    const requests: Uint8Array[] = [];
    const deposits = this.#deposits(config.depositContract);
    if (deposits !== undefined) requests.push(deposits);
    for (const contract of pragueRequestContracts) await this.#request(contract, requests);
    if (context.rules.amsterdam) {
      for (const contract of amsterdamRequestContracts) await this.#request(contract, requests);
    }
    return requests;
  }

  #deposits(contract: Uint8Array): Uint8Array | undefined {
    try {
      return readDeposits(this.#receipts.logs, contract);
    } catch (cause) {
      throw this.#error('deposits', (cause as Error).message, cause);
    }
  }

  async #request({ type, address, name }: RequestContract, requests: Uint8Array[]): Promise<void> {
    const { state } = this.#options;
    if (state.code(address).length === 0) {
      throw this.#error('system-contract', `the contract of ${name} has no code`);
    }
    const { isSuccess, output } = await this.#callSystem(address, nothing);
    if (!isSuccess) throw this.#error('system-contract', `the contract of ${name} failed`);
    if (output.length === 0) return;
    const request = new Uint8Array(1 + output.length);
    request[0] = type;
    request.set(output, 1);
    requests.push(request);
  }

  /** Calls a contract as the protocol does: without fees and nonce. The call of an account without code succeeds. */
  async #callSystem(address: Uint8Array, input: Uint8Array): Promise<Pick<EvmOutcome, 'isSuccess' | 'output'>> {
    const { state, evm, context, accessList } = this.#options;
    accessList?.account(address);
    if (state.code(address).length === 0) {
      this.#end();
      return { isSuccess: true, output: nothing };
    }
    state.warm(state.load(address));
    const outcome = await evm.call({
      caller: systemAddress,
      to: address,
      value: 0n,
      input,
      gas: systemCallGas,
      stateGas: context.rules.amsterdam ? systemCallStateGas : 0,
      gasPrice: 0n,
      blobHashes: [],
    });
    this.#end(outcome.destroyed);
    return outcome;
  }

  #error(code: BlockErrorCode, reason: string, cause?: unknown): BlockError {
    const { number } = this.#options.context.fields;
    return new BlockError(code, number, reason, cause === undefined ? {} : { cause });
  }
}

/** Marks the accounts that are accessed in all transactions, from Berlin on (EIP-2929, EIP-3651). */
export function warmForBlock({ context, state, evm }: Pick<BlockExecutionOptions, 'context' | 'state' | 'evm'>): void {
  for (const address of precompileAddresses) {
    if (evm.isPrecompile(address)) state.warmForBlock(address);
  }
  if (context.rules.shanghai) state.warmForBlock(context.beneficiary);
}
