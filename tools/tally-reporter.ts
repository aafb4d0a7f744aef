import { appendFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';

/**
 * Appends the counts of a run, `PASSED FAILED SKIPPED`, as one line to a file, from which `.ci/run` sums up all runs.
 *
 * A file that does not load, a worker that ends and an error outside of a test count as failed tests.
 */
export function tallyReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tally = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
      for (const module of modules) {
        tally.failed += module.errors().length;
        for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
        for (const test of module.children.allTests()) tally[test.result().state]++;
      }
      const failed = tally.failed + tally.pending;
      appendFileSync(file, `${tally.passed} ${failed} ${tally.skipped}\n`);
    },
  };
}
