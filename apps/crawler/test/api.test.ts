import { expect, test } from 'vitest';
import * as api from '../src/index.ts';

test('exported names', () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "CrawlerError",
      "checkNode",
      "createCrawler",
      "createMemoryStore",
      "exportNodes",
      "hasReached",
      "networks",
      "openLevelStore",
      "parseClientName",
      "statuses",
    ]
  `);
});
