import { expect, test } from 'vitest';
import * as api from '../src/index.ts';

test('the public names', () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "CrawlerError",
      "checkNode",
      "createCrawler",
      "exportNodes",
      "hasReached",
      "memoryStore",
      "networks",
      "openLevelStore",
      "parseClientName",
      "statuses",
    ]
  `);
});
