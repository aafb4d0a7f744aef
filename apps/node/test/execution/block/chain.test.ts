import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { consensusReceipts, listRoot, StackTrie } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { runChain } from './run-chain.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../../chain/fixtures/${name}`, import.meta.url));

test('ND-07 FK-24 blocks of go-ethereum from Shanghai to Amsterdam are executed with its results', async () => {
  const genesis = fixture('geth-export-genesis.json').toString();
  const forks = new Set<string>();
  let transactions = 0;
  const head = await runChain(genesis, fixture('geth-export.rlp'), crypto, {
    onBlock: ({ header, body }, result) => {
      transactions += body.transactions.length;
      forks.add(result.accessList ? 'amsterdam' : result.requests ? 'prague' : 'earlier');
      // The receipts in the form of the wire give the same root again.
      const { receipts, bloom } = consensusReceipts(result.receipts, crypto);
      expect(result.receipts.length).toBe(body.transactions.length);
      expect(toHex(listRoot(new StackTrie(crypto), receipts))).toBe(toHex(header.receiptsRoot));
      expect(toHex(bloom)).toBe(toHex(header.logsBloom));
    },
  });
  expect(head.number).toBe(36);
  expect(toHex(head.hash)).toBe('6372c88fef519c6e4bebbe02d8447c084fc8cd759fae25c5b5cc3c6e2be99bfe');
  expect(transactions).toBe(91);
  expect(forks).toEqual(new Set(['earlier', 'prague', 'amsterdam']));
});
