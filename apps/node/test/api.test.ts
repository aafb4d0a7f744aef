import { expect, test } from 'vitest';
import * as api from '../src/index.ts';

test('the public names', () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "BlockError",
      "ChainError",
      "DevError",
      "NodeError",
      "SyncError",
      "createDevChain",
      "createNode",
      "importFile",
      "openDevNode",
      "stateText",
    ]
  `);
});
