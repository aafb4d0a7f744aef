import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Result of a run of the program. */
export interface Run {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the built program.
 *
 * @param onOutput called with all output so far; can kill the program or close one of its output streams
 * @param output file descriptor of standard output
 */
export function run(
  args: readonly string[],
  onOutput: (
    written: string,
    kill: (signal: NodeJS.Signals) => void,
    closeStream: (stream: 'stdout' | 'stderr') => void,
  ) => void = () => {},
  output: number | 'pipe' = 'pipe',
): Promise<Run> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', output, 'pipe'] });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
      onOutput(
        written.stdout + written.stderr,
        (signal) => child.kill(signal),
        (stream) => child[stream]?.destroy(),
      );
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...written }));
  });
}
