import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Test chains that our Go program makes, always the same. */
export type ChainName = 'download' | 'transfers' | 'transfers-long' | 'mixed' | 'arithmetic' | 'keccak' | 'storage';

/** Programs built from Go. */
export interface GoPrograms {
  /** Our Go program. */
  readonly bench: string;
  /** Path of an unmodified geth, pinned by the module in `interop/`. */
  geth(): string;
  /** Path of go-ethereum's `devp2p` tool, pinned in the same way. */
  devp2p(): string;
  /** Folder of a test chain with `genesis.json`, `chain.rlp` and `head.json`; the program makes it when it is first used. */
  chain(name: ChainName): string;
}

/**
 * Builds our Go program if its sources are newer than the binary; the others when they are first used.
 *
 * @param folder folder of this workspace
 * @returns `undefined` without Go
 */
export function goPrograms(folder: string, progress: (line: string) => void): GoPrograms | undefined {
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  const source = join(folder, 'go');
  const bin = join(folder, 'bin');
  const bench = join(bin, 'bench-go');
  mkdirSync(bin, { recursive: true });
  if (!isNewer(bench, source)) {
    progress('building the Go program');
    run('go', ['build', '-o', bench, '.'], source);
  }
  const built = (name: string) => {
    const interop = join(folder, '..', 'interop');
    const program = join(interop, 'bin', name);
    if (!isNewer(program, join(interop, 'go.mod'))) {
      progress('building geth and devp2p (takes some minutes)');
      mkdirSync(join(interop, 'bin'), { recursive: true });
      run('go', ['build', '-mod=mod', '-o', 'bin/', 'tool'], interop);
    }
    return program;
  };
  return {
    bench,
    geth: () => built('geth'),
    devp2p: () => built('devp2p'),
    chain(name) {
      const chain = join(bin, 'chains', name);
      // The chain file is written last.
      if (!isNewer(join(chain, 'chain.rlp'), source)) {
        progress(`making the chain ${name}`);
        mkdirSync(chain, { recursive: true });
        run(bench, ['chain', chain, name], folder);
      }
      return chain;
    },
  };
}

/** Whether a file is newer than its source, a file or all files of a folder. */
function isNewer(file: string, source: string): boolean {
  if (!existsSync(file)) return false;
  const { mtimeMs } = statSync(file);
  const sources = statSync(source).isDirectory() ? readdirSync(source).map((name) => join(source, name)) : [source];
  return sources.every((name) => statSync(name).mtimeMs < mtimeMs);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
