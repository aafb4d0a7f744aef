import { expect, test } from 'vitest';
import * as api from '../src/index.ts';

test('the public names', () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "BlockError",
      "ChainError",
      "NodeError",
      "SyncError",
      "createNode",
      "stateText",
    ]
  `);
});
