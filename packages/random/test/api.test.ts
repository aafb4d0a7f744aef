import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "RandomError",
      "createRandomSource",
      "randomBytes",
    ]
  `);
  expect(Object.keys(await import('../src/seeded.ts')).sort()).toMatchInlineSnapshot(`
    [
      "createSeededRandom",
    ]
  `);
});
