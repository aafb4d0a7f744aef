import { decodeTransaction, type Transaction } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';
import type { Pool } from '../../../txpool/interfaces.ts';
import { data, parameter, safeQuantity, toData } from '../../codec/hex.ts';
import { receiptJson } from '../../codec/receipt.ts';
import { method, optional } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { type EthParts, type Methods, unavailable } from './parts.ts';
import { findMined } from './transactions.ts';

/** Most that a transaction may pay for gas, in wei (go-ethereum, `RPCTxFeeCap`). */
const maxFee = 10n ** 18n;
/** Time that a caller waits for a receipt, in ms (go-ethereum, `RPCTxSyncDefaultTimeout`, `RPCTxSyncMaxTimeout`). */
const receiptTime = 20_000;
const maxReceiptTime = 60_000;

const transaction = parameter(data());
const quantity = parameter(safeQuantity);

/** Methods that send transactions. */
export function walletMethods(parts: EthParts): Methods {
  const { pool } = parts;
  if (pool === undefined) {
    const names = ['sendRawTransaction', 'sendRawTransactionSync'];
    return unavailable(names, 'state is not available without execution');
  }
  return {
    sendRawTransaction: method([transaction], async (raw) => toData(await send(pool, raw))),
    sendRawTransactionSync: method([transaction, optional(milliseconds)], async (raw, time = receiptTime) => {
      const hash = await send(pool, raw);
      return receiptWithin(parts, hash, time === 0 ? receiptTime : Math.min(time, maxReceiptTime));
    }),
  };
}

/**
 * Adds a transaction of this node's own users to the pool.
 *
 * @returns its hash
 * @throws RpcError `failed`
 */
async function send(pool: Pool, raw: Uint8Array): Promise<Uint8Array> {
  checkFee(raw);
  const [result] = await pool.add([raw], { local: true });
  if (result?.status === 'added') return result.hash;
  throw new RpcError('failed', result?.reason ?? 'the transaction pool is closed');
}

/** Refuses a transaction that pays more than its sender can mean. The pool refuses malformed ones. */
function checkFee(raw: Uint8Array): void {
  const decoded = decodedPlain(raw);
  if (decoded === undefined) return;
  const fee = decoded.gas * (decoded.maxFeePerGas ?? decoded.gasPrice ?? 0n);
  if (fee <= maxFee) return;
  throw new RpcError('failed', `tx fee (${inEther(fee)} ether) exceeds the configured cap (${inEther(maxFee)} ether)`);
}

/** @returns `undefined` for one that is malformed, or that has blobs beside it: these are cheap */
function decodedPlain(raw: Uint8Array): Transaction | undefined {
  try {
    return decodeTransaction(raw);
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}

function inEther(wei: bigint): string {
  return (Number(wei / 10n ** 14n) / 10_000).toFixed(2);
}

/** Waits until a transaction is in a block. @throws RpcError `sync-timeout` with its hash */
async function receiptWithin(parts: EthParts, hash: Uint8Array, time: number): Promise<unknown> {
  const { chain, clock, crypto, identities } = parts;
  let wake = (): void => {};
  let isOver = false;
  const unsubscribe = chain.onHead(() => wake());
  const timer = clock.setTimeout(() => {
    isOver = true;
    wake();
  }, time);
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const found = await findIndexed(parts, hash);
      if (found?.receipts !== undefined) {
        const { header, body, receipts, index } = found;
        const { config } = chain.genesis;
        return receiptJson(header, body.transactions, receipts, index, { config, crypto, identities });
      }
      if (isOver) {
        const text = `the transaction was added to the transaction pool but was not in a block within ${time} ms`;
        throw new RpcError('sync-timeout', text, toData(hash));
      }
      await changed;
    }
  } finally {
    timer.cancel();
    unsubscribe();
  }
}

/** A transaction in a block; it is not found while the index is behind. */
async function findIndexed(parts: EthParts, hash: Uint8Array): ReturnType<typeof findMined> {
  try {
    return await findMined(parts, hash);
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

/** A time in ms: a number, or one in hex. */
function milliseconds(value: unknown): number {
  if (typeof value !== 'number') return quantity(value);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('expected a number of milliseconds');
  return value;
}
