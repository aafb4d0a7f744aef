import { expect, test } from 'vitest';

test.each(['index', 'cli', 'files', 'http', 'level', 'networks'])('exported names of %s', async (entry) => {
  expect(Object.keys(await import(`../src/${entry}.ts`)).sort()).toMatchSnapshot();
});
