import { expect, test } from 'vitest';
import {
  type CheckOptions,
  type CrawlerOptions,
  checkNode,
  createCrawler,
  memoryStore,
} from '../../src/index.ts';

const privateKey = new Uint8Array(32).fill(1);

test.each<[string, Record<string, unknown>, string]>([
  ['a misspelt name', { maxVisit: 1 }, 'createCrawler has no option "maxVisit" (did you mean'],
  ['no store', { store: undefined }, 'store is undefined'],
  ['a key as text', { privateKey: 'c0ffee' }, 'privateKey is a string of 6 characters, expected'],
  ['a limit of 0', { maxVisits: 0 }, 'maxVisits is 0, expected a positive number'],
  ['hex for a hash', { network: { genesis: '0x00' } }, 'genesis is "0x00", expected a Uint8Array'],
  ['a number for a bigint', { network: { networkId: 1 } }, 'networkId is 1, expected a bigint'],
  ['a misspelt filter', { network: { genesisHash: privateKey } }, 'network has no option'],
  ['a text for a list', { bootnodes: 'enode://' }, 'bootnodes is "enode://", expected an array'],
])('CR-04 createCrawler refuses %s', async (_what, wrong, message) => {
  const options = { privateKey, store: memoryStore(), ...wrong } as unknown as CrawlerOptions;
  await expect(createCrawler(options)).rejects.toMatchObject({
    name: 'CrawlerError',
    code: 'invalid-option',
    message: expect.stringContaining(message),
  });
});

test('CR-13 checkNode refuses wrong options, and what is no text', async () => {
  const options = { privateKey, onSteps: () => {} } as unknown as CheckOptions;
  await expect(checkNode('enode://', options)).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringContaining('checkNode has no option "onSteps"'),
  });
  await expect(checkNode(7 as unknown as string, { privateKey })).rejects.toMatchObject({
    code: 'invalid-option',
    message: 'node is 7, expected a string',
  });
});
