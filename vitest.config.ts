import { env } from 'node:process';
import { defineConfig } from 'vitest/config';
import { tallyReporter } from './tools/tally-reporter.ts';

const { TEST_TALLY } = env;
const conditions = ['@devp2p/source'];
/** Threads that tests start inherit these, so that they run the sources too. */
const execArgv = [`--import=${new URL('test/source-threads.mjs', import.meta.url)}`];

/** Tests that measure memory or replace modules or timers have a process for each file; the others share theirs. */
const alone = ['packages/{addrman,clock,crypto,rlpx}/test/**/*.test.ts', 'apps/crawler/test/store/no-locks.test.ts'];
/** No test depends on the machine's speed: see the set-up, and these limits only end what hangs. */
const patient = {
  setupFiles: ['test/setup.ts'],
  testTimeout: 600_000,
  hookTimeout: 600_000,
};

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    maxWorkers: '100%',
    execArgv,
    reporters: ['default', ...(TEST_TALLY ? [tallyReporter(TEST_TALLY)] : [])],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,apps}/*/test/**/*.test.ts', '{examples,simulation,test}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', ...alone],
          isolate: false,
          ...patient,
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, ...patient },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['interop/*.test.ts'],
          ...patient,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: 'tsconfig.test.json',
          },
        },
      },
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**', 'apps/*/src/**'] },
  },
});
