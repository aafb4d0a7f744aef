import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { signTransaction } from '@devp2p/eth';
import type { CanonicalChain, ChainRules, StateView } from '../chain/interfaces.ts';
import { DevError } from '../errors/dev-error.ts';
import type { Log } from '../logging/log.ts';
import type { BlockProducer } from './block-producer.ts';
import type { DevAccount } from './dev-accounts.ts';

/** @see createLoad */
export interface LoadOptions {
  readonly chain: Pick<CanonicalChain, 'head'> & ChainRules & StateView;
  readonly producer: Pick<BlockProducer, 'add'>;
  /** Accounts that send to each other in turn. */
  readonly accounts: readonly DevAccount[];
  /** Transactions per second. */
  readonly rate: number;
  /** The next nonce of an address, after the transactions that wait. @default that of the account after the head */
  readonly nonce?: ((address: Uint8Array) => Promise<bigint>) | undefined;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly log: Log;
}

/** A running source of transactions. */
export interface Load {
  /** Number of transactions that were handed over. */
  readonly made: number;
  /** Idempotent. */
  close(): void;
}

/** Time between two portions of transactions, in ms. */
const portionTime = 100;
const gas = 21_000n;
const tip = 1_000_000_000n;

/** Makes transfers of 1 wei between the accounts, as evenly in time as portions of 100 ms allow. */
export function createLoad({ chain, producer, accounts, rate, clock, crypto, log, ...options }: LoadOptions): Load {
  const { nonce: nextNonce = async (address) => (await chain.account(address))?.nonce ?? 0n } = options;
  const { chainId } = chain.genesis.config;
  /** Next nonces by account. */
  const nonces = new Map<string, bigint>();
  const started = clock.monotonic();
  let made = 0;
  let timer: Timer;
  let isClosed = false;
  let isFull = false;

  const nonceOf = async ({ address }: DevAccount): Promise<bigint> => nonces.get(toHex(address)) ?? nextNonce(address);

  const makeOne = async (): Promise<void> => {
    const sender = accounts[made % accounts.length] as DevAccount;
    const recipient = accounts[(made + 1) % accounts.length] as DevAccount;
    const nonce = await nonceOf(sender);
    const maxFeePerGas = 2n * (chain.head.baseFeePerGas ?? 0n) + tip;
    const fields = { chainId, nonce, gas, to: recipient.address, value: 1n, maxFeePerGas, maxPriorityFeePerGas: tip };
    await producer.add(signTransaction(fields, sender.privateKey, crypto));
    nonces.set(toHex(sender.address), nonce + 1n);
    made++;
  };

  const makePortion = async (): Promise<void> => {
    const due = Math.floor(((clock.monotonic() - started) * rate) / 1000);
    const most = Math.ceil((rate * portionTime) / 1000) * 2;
    for (let count = Math.min(due - made, most); count > 0 && !isClosed; count--) await makeOne();
    isFull = false;
  };

  const onError = (error: unknown): void => {
    // Nonces may have gaps after a refusal.
    nonces.clear();
    if (error instanceof DevError && error.code === 'closed') return;
    if (!isFull) log.warn({ error }, 'the load is reduced');
    isFull = true;
  };

  const schedule = (): void => {
    timer = clock.setTimeout(() => {
      makePortion()
        .catch(onError)
        .finally(() => {
          if (!isClosed) schedule();
        });
    }, portionTime);
  };
  schedule();

  return {
    get made() {
      return made;
    },
    close() {
      isClosed = true;
      timer.cancel();
    },
  };
}
