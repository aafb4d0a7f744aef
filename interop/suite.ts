import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

/** go-ethereum's tool with the protocol test suites. */
export const devp2p: string = fileURLToPath(new URL('bin/devp2p', import.meta.url));

/** Outcome of one case of a test suite. */
export interface SuiteResult {
  readonly passed: boolean;
  /** The log of the case. */
  readonly log: string;
}

/**
 * Runs a test suite of `devp2p` to its end.
 *
 * @returns outcomes by name, without the cases after a crash of the suite
 */
export async function runSuite(args: readonly string[], timeout: number): Promise<Map<string, SuiteResult>> {
  const suite = new Program('devp2p', devp2p, [...args, '--tap']);
  const timer = setTimeout(() => suite.kill(), timeout);
  await suite.exited;
  clearTimeout(timer);
  return parseTap(suite.lines);
}

/** Reads the Test Anything Protocol, version 13, as `devp2p` writes it: logs follow a result as comments. */
function parseTap(lines: readonly string[]): Map<string, SuiteResult> {
  const results = new Map<string, { passed: boolean; log: string }>();
  let current: { passed: boolean; log: string } | undefined;
  for (const line of lines) {
    const [, status, name] = /^(ok|not ok) \d+ (\S+)$/.exec(line) ?? [];
    if (name !== undefined) {
      current = { passed: status === 'ok', log: '' };
      results.set(name, current);
    } else if (current !== undefined) current.log += `${line}\n`;
  }
  return results;
}
