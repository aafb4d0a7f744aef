import { type Log, receiptCodec, type SealedHeader } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { expect, vi } from 'vitest';
import type { LocalChain } from '../../../src/chain/chain.ts';
import type { NewBlock } from '../../../src/chain/interfaces.ts';
import type { LogFilter } from '../../../src/chain/log-filter.ts';
import { makeGenesis, nextBlock, plainReceipt, transfer } from '../../chain/make-blocks.ts';

export const genesis: ReturnType<typeof makeGenesis> = makeGenesis('prague');

export const addressOf = (n: number): Uint8Array => new Uint8Array(20).fill(n, 18);
export const topicOf = (n: number): Uint8Array => new Uint8Array(32).fill(n, 30);

/** Blocks with a transfer and up to three logs each, which depend on the number and on the salt. */
export function chainOf(count: number, parent: SealedHeader = genesis.header, salt = 0): NewBlock[] {
  const blocks: NewBlock[] = [];
  for (let last = parent; blocks.length < count; last = blocks.at(-1)?.header as SealedHeader) {
    const n = last.number + 1 + salt;
    const logs: Log[] = Array.from({ length: n % 4 }, (_, i) => ({
      address: addressOf(n % 50),
      topics: Array.from({ length: (n + i) % 5 }, (_, place) => topicOf((n * 7 + i + place) % 40)),
      data: Uint8Array.of(i),
    }));
    const contents = { transactions: [transfer(n)], receipts: [plainReceipt(21_000, { logs })] };
    blocks.push(nextBlock(genesis.config, last, contents));
  }
  return blocks;
}

export const indexed = (chain: LocalChain): Promise<void> =>
  vi.waitFor(() => expect(chain.logIndex.remaining).toBe(0), { timeout: 60_000, interval: 1 });

export async function found(chain: LocalChain, filter: Partial<LogFilter>, first = 0, last = chain.head.number) {
  const result: string[] = [];
  for await (const { header, logs } of chain.findLogs({ addresses: [], topics: [], ...filter, first, last })) {
    for (const { logIndex } of logs ?? []) result.push(`${header.number}.${logIndex}`);
  }
  return result;
}

/** The same from the blocks themselves. */
export function expected(blocks: readonly NewBlock[], { addresses = [], topics = [] }: Partial<LogFilter>): string[] {
  const isAmong = (all: readonly Uint8Array[], one: Uint8Array | undefined): boolean =>
    one !== undefined && (all.length === 0 || all.some((other) => Buffer.compare(other, one) === 0));
  return blocks.flatMap(({ header, receipts }) => {
    const logs = receipts === undefined ? [] : [...receipts].flatMap((raw) => decode(receiptCodec, raw).logs);
    return logs.flatMap((log, i) => {
      const matches = isAmong(addresses, log.address) && topics.every((some, at) => isAmong(some, log.topics[at]));
      return matches ? [`${header.number}.${i}`] : [];
    });
  });
}

export const filters: [string, Partial<LogFilter>][] = [
  ['all', {}],
  ['an address', { addresses: [addressOf(7)] }],
  ['many addresses', { addresses: Array.from({ length: 30 }, (_, i) => addressOf(i)) }],
  ['a topic', { topics: [[topicOf(3)]] }],
  ['a topic at the third place', { topics: [[], [], [topicOf(3), topicOf(9)]] }],
  ['any topic at the second place', { topics: [[], []] }],
  ['an address and topics', { addresses: [addressOf(1), addressOf(5)], topics: [[], [topicOf(0), topicOf(35)]] }],
  ['an address without logs', { addresses: [addressOf(99)] }],
];
