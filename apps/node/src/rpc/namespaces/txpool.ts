import { decodeTransaction, type Transaction } from '@devp2p/eth';
import type { EncodedPoolTransaction, Pool, SenderContent } from '../../txpool/interfaces.ts';
import type { Backend } from '../backend.ts';
import { checksumAddress } from '../codec/address.ts';
import { data, parameter, toQuantity } from '../codec/hex.ts';
import { transactionJson } from '../codec/transaction.ts';
import { method, type Namespace } from '../transport/api.ts';
import { RpcError } from '../transport/rpc-error.ts';

const address = parameter(data(20));

/** Transactions that are formatted before other work has its turn. */
const turn = 64;

type Show = (transaction: EncodedPoolTransaction) => unknown;

/** `txpool_*`: the transactions that wait for a block. */
export function txpoolNamespace({ pool, crypto }: Pick<Backend, 'pool' | 'crypto'>): Namespace {
  const held = (): Pool => {
    if (pool === undefined) throw new RpcError('failed', 'transactions are not pooled without execution');
    return pool;
  };
  let count = 0;
  const byNonce = async (transactions: readonly EncodedPoolTransaction[], show: Show): Promise<object> => {
    const shown: [string, unknown][] = [];
    for (const transaction of transactions) {
      if (++count % turn === 0) await new Promise(setImmediate);
      shown.push([String(transaction.nonce), show(transaction)]);
    }
    return Object.fromEntries(shown);
  };
  const whole: Show = (transaction) => transactionJson(decodeTransaction(transaction.raw), undefined, transaction);
  const line: Show = ({ raw }) => summary(decodeTransaction(raw), (to) => checksumAddress(to, crypto));
  const bySender = async (senders: readonly SenderContent[], part: 'pending' | 'queued', show: Show) => {
    const shown: [string, object][] = [];
    for (const content of senders) {
      if (content[part].length === 0) continue;
      shown.push([checksumAddress(content.sender, crypto), await byNonce(content[part], show)]);
    }
    return Object.fromEntries(shown);
  };
  const all = async (show: Show): Promise<object> => {
    const senders = held().content();
    return { pending: await bySender(senders, 'pending', show), queued: await bySender(senders, 'queued', show) };
  };
  return {
    methods: {
      content: method([], () => all(whole)),
      inspect: method([], () => all(line)),
      contentFrom: method([address], async (sender) => {
        const { pending, queued } = held().contentFrom(sender);
        return { pending: await byNonce(pending, whole), queued: await byNonce(queued, whole) };
      }),
      status: method([], () => {
        const { pending, queued } = held().status;
        return { pending: toQuantity(pending), queued: toQuantity(queued) };
      }),
    },
  };
}

/** A transaction in one line, as in go-ethereum. */
function summary({ to, value, gas, gasPrice, maxFeePerGas }: Transaction, name: (to: Uint8Array) => string): string {
  const target = to === undefined ? 'contract creation' : name(to);
  return `${target}: ${value} wei + ${gas} gas × ${gasPrice ?? maxFeePerGas ?? 0n} wei`;
}
