import type { Reporter } from 'vitest/node';

/** Says in one plain line how many tests a run of Vitest has executed, for those who count them. */
export const tallyReporter: Reporter = {
  onTestRunEnd(modules) {
    const tally = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) tally[test.result().state]++;
    }
    const { passed, failed, skipped } = tally;
    console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  },
};
