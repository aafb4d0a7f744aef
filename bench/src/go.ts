import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What was built from Go. */
export interface GoPrograms {
  /** Ours. */
  readonly bench: string;
  /** An unmodified geth, pinned by the module in `interop/`. */
  geth(): string;
  /** go-ethereum's tool of that name, likewise. */
  devp2p(): string;
  /** Folder of the chain that is downloaded. */
  chain(): string;
}

/**
 * Builds our Go program when its sources are newer than what is there; the rest when it is asked for.
 *
 * @param folder of this workspace
 * @returns `undefined` where there is no Go.
 */
export function goPrograms(folder: string, say: (line: string) => void): GoPrograms | undefined {
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  const source = join(folder, 'go');
  const bin = join(folder, 'bin');
  const bench = join(bin, 'bench-go');
  mkdirSync(bin, { recursive: true });
  if (!isNewer(bench, source)) {
    say('building the Go program');
    run('go', ['build', '-o', bench, '.'], source);
  }
  const built = (name: string) => {
    const interop = join(folder, '..', 'interop');
    const program = join(interop, 'bin', name);
    if (!isNewer(program, join(interop, 'go.mod'))) {
      say('building geth and devp2p, which takes some minutes');
      mkdirSync(join(interop, 'bin'), { recursive: true });
      run('go', ['build', '-mod=mod', '-o', 'bin/', 'tool'], interop);
    }
    return program;
  };
  return {
    bench,
    geth: () => built('geth'),
    devp2p: () => built('devp2p'),
    chain() {
      const chain = join(bin, 'chain');
      // It is what is written last.
      if (!isNewer(join(chain, 'chain.rlp'), source)) {
        say('making a chain');
        mkdirSync(chain, { recursive: true });
        run(bench, ['chain', chain], folder);
      }
      return chain;
    },
  };
}

/** Whether a file is newer than its source, a file or all files of a folder. */
function isNewer(file: string, source: string): boolean {
  if (!existsSync(file)) return false;
  const { mtimeMs } = statSync(file);
  const sources = statSync(source).isDirectory()
    ? readdirSync(source).map((name) => join(source, name))
    : [source];
  return sources.every((name) => statSync(name).mtimeMs < mtimeMs);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
