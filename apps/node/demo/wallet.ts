import { nobleCrypto } from '@devp2p/crypto';
import { signTransaction, transactionHash } from '@devp2p/eth';
import type { DevNode, MinedBlock } from '@devp2p/node';
import { JsonRpc } from './json-rpc.ts';

/** A node that serves JSON-RPC over WebSocket. */
export interface Server {
  readonly name: string;
  readonly url: string;
}

/** A transaction that is in the pools of all nodes. */
export interface Payment {
  /** Hex with prefix. */
  readonly hash: string;
  /** Name of a node, and the time from the call that sends it until it is pending there, in ms. */
  readonly seen: readonly (readonly [node: string, after: number])[];
}

/** A wallet, which uses nodes by JSON-RPC alone. */
export class Wallet {
  readonly #nodes: readonly (readonly [name: string, rpc: JsonRpc])[];

  private constructor(nodes: readonly (readonly [string, JsonRpc])[]) {
    this.#nodes = nodes;
  }

  static async open(servers: readonly Server[]): Promise<Wallet> {
    return new Wallet(
      await Promise.all(servers.map(async ({ name, url }) => [name, await JsonRpc.connect(url)] as const)),
    );
  }

  /** Pays one ether from the third account of a development chain to the fourth, by a transaction to the first node. */
  async pay({ accounts }: DevNode): Promise<Payment> {
    const [from, to] = accounts.slice(2);
    if (from === undefined || to === undefined) throw new Error('no accounts');
    const [, rpc] = this.#nodes[0] as readonly [string, JsonRpc];
    const [chainId, nonce, tip] = await Promise.all([
      rpc.call('eth_chainId', []),
      rpc.call('eth_getTransactionCount', [hex(from.address), 'pending']),
      rpc.call('eth_maxPriorityFeePerGas', []),
    ]);
    const fields = {
      chainId: BigInt(chainId as string),
      nonce: BigInt(nonce as string),
      gas: 21_000n,
      to: to.address,
      value: 10n ** 18n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: BigInt(tip as string),
    };
    const raw = signTransaction(fields, from.privateKey);
    const hash = hex(transactionHash(raw, nobleCrypto));
    const pending = await Promise.all(this.#nodes.map(([, one]) => untilPending(one, hash)));
    const start = performance.now();
    await rpc.call('eth_sendRawTransaction', [hex(raw)]);
    const times = await Promise.all(pending.map(({ at }) => at));
    return { hash, seen: this.#nodes.map(([name], i) => [name, (times[i] as number) - start]) };
  }

  /** The receipt of a transaction by the first node. */
  async receipt(
    hash: string,
  ): Promise<{ readonly blockNumber: number; readonly status: number; readonly gas: number }> {
    const [, rpc] = this.#nodes[0] as readonly [string, JsonRpc];
    const receipt = await rpc.call('eth_getTransactionReceipt', [hash]);
    const { blockNumber, status, gasUsed } = receipt as { blockNumber: string; status: string; gasUsed: string };
    return { blockNumber: Number(blockNumber), status: Number(status), gas: Number(gasUsed) };
  }

  close(): void {
    for (const [, rpc] of this.#nodes) rpc.close();
  }
}

/** Subscribes to pending transactions. @returns the time at which one of them is pending */
async function untilPending(rpc: JsonRpc, hash: string): Promise<{ readonly at: Promise<number> }> {
  let found = (_: number) => {};
  const at = new Promise<number>((resolve) => {
    found = resolve;
  });
  await rpc.subscribe('newPendingTransactions', (pending) => {
    if (pending === hash) found(performance.now());
  });
  return { at };
}

/** Makes a block of the transactions that wait, of which there is one at least. */
export async function mineWaiting({ producer }: DevNode): Promise<MinedBlock> {
  // The transaction comes from the pool of the node a moment after it is pending.
  while (producer.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return producer.mine();
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
