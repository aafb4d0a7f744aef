import { inspect } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { expect, test } from 'vitest';
import { CrawlerError } from '../../src/index.ts';
import { exportEntry } from '../../src/model/export-entry.ts';
import { publicAddresses } from '../network/population.ts';
import { Simulation } from '../network/simulation.ts';

test('`console.log` and JSON show a crawler and its records in a few lines, without secrets', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(3), kindOf: () => 'synced' });
  const { store, crawlerKey } = simulation;
  const crawler = await simulation.crawler();
  const shown = (value: object): { json: Record<string, unknown>; text: string } => {
    const [json, text] = [JSON.stringify(value), inspect(value)];
    expect(json + text).not.toContain(toHex(crawlerKey));
    expect(text).not.toMatch(/Uint8Array|\[Function|Promise/);
    expect(text.split('\n').length).toBeLessThan(50);
    return { json: JSON.parse(json), text };
  };
  expect(shown(crawler).json).toMatchObject({ state: 'ready', progress: { visits: 0 } });
  const run = crawler.run();
  expect(shown(crawler).json).toMatchObject({ state: 'running' });
  const { visits } = await simulation.until(run);
  const { json, text } = shown(crawler);
  expect(json).toMatchObject({ state: 'closed', progress: { visits } });
  expect(text).toMatch(/^Crawler \{/);

  const [[, known] = []] = await simulation.records();
  const record = known && (await store.get(known.id));
  if (record === undefined) throw new Error('no node was found');
  expect(shown(record)).toMatchObject({
    json: exportEntry(record),
    text: expect.stringMatching(/^NodeRecord \{/),
  });
  expect({ ...record }).toEqual(known);
  let count = 0;
  for await (const visit of store.visits(record.id)) {
    count++;
    expect(shown(visit)).toMatchObject({
      json: { id: toHex(record.id) },
      text: expect.stringMatching(/^Visit \{/),
    });
  }
  expect(count).toBeGreaterThan(0);
});

test('the JSON of an error has its message and data', () => {
  const error = new CrawlerError('closed', 'a message', { data: { path: '/crawl' } });
  const json = { name: 'CrawlerError', code: 'closed', message: 'a message' };
  expect(JSON.parse(JSON.stringify(error))).toEqual({ ...json, data: { path: '/crawl' } });
});
