import { expect, test } from 'vitest';
import {
  type CheckOptions,
  type CrawlerOptions,
  checkNode,
  createCrawler,
  createMemoryStore,
  type ExportOptions,
  exportNodes,
  type LevelStoreOptions,
  openLevelStore,
  parseClientName,
} from '../../src/index.ts';

const privateKey = new Uint8Array(32).fill(1);

test.each<[string, Record<string, unknown>, string]>([
  ['a misspelt option', { maxVisit: 1 }, 'createCrawler has no option "maxVisit" (did you mean'],
  ['no store', { store: undefined }, 'store is undefined'],
  ['a private key as text', { privateKey: 'c0ffee' }, 'privateKey is a string of 6 characters, expected'],
  ['a limit of 0', { maxVisits: 0 }, 'maxVisits is 0, expected a positive number'],
  ['hex instead of bytes', { network: { genesis: '0x00' } }, 'genesis is "0x00", expected a Uint8Array'],
  ['a number instead of a bigint', { network: { networkId: 1 } }, 'networkId is 1, expected a bigint'],
  ['a misspelt filter', { network: { genesisHash: privateKey } }, 'network has no option'],
  ['text instead of an array', { bootnodes: 'enode://' }, 'bootnodes is "enode://", expected an array'],
])('CR-04 createCrawler refuses %s', async (_what, wrong, message) => {
  const options = { privateKey, store: createMemoryStore(), ...wrong } as unknown as CrawlerOptions;
  await expect(createCrawler(options)).rejects.toMatchObject({
    name: 'CrawlerError',
    code: 'invalid-option',
    message: expect.stringContaining(message),
  });
});

test('CR-13 checkNode refuses a misspelt option and a node that is not a string', async () => {
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

test('openLevelStore and exportNodes refuse misspelt options', async () => {
  const storeOptions = { keep: 3 } as LevelStoreOptions;
  await expect(openLevelStore('unused', storeOptions)).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringContaining('openLevelStore has no option "keep"'),
  });
  const exportOptions = { format: 'csv', step: 'hello' } as ExportOptions;
  expect(() => exportNodes(createMemoryStore().nodes(), exportOptions)).toThrow(
    expect.objectContaining({
      code: 'invalid-option',
      message: expect.stringContaining('exportNodes has no option "step"'),
    }),
  );
  expect(() => parseClientName(undefined as unknown as string)).toThrow('clientId is undefined, expected a string');
});
