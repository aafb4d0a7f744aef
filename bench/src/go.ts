import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds our Go program when its sources are newer than what is there.
 *
 * @returns the program, or `undefined` where there is no Go.
 */
export function buildGo(bench: string, say: (line: string) => void): string | undefined {
  const source = join(bench, 'go');
  const program = join(bench, 'bin', 'bench-go');
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  const changed = Math.max(
    ...readdirSync(source).map((name) => statSync(join(source, name)).mtimeMs),
  );
  if (existsSync(program) && statSync(program).mtimeMs > changed) return program;
  say('building the Go program');
  mkdirSync(join(bench, 'bin'), { recursive: true });
  const { status, stderr } = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: source,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  return program;
}
