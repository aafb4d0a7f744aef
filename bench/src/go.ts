import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Test chains that our Go program makes, always the same. */
export type ChainName =
  | 'download'
  | 'transfers'
  | 'transfers-long'
  | 'mixed'
  | 'arithmetic'
  | 'keccak'
  | 'storage'
  | 'busy';

/** Test chains of the protocol suite of go-ethereum v1.17.5 and of v1.17.10, 600 blocks each. */
export type SuiteName = 'suite5' | 'suite10';

/** Programs built from Go. */
export interface GoPrograms {
  /** Our Go program. */
  readonly bench: string;
  /** Path of an unmodified geth, pinned by the module in `interop/`. */
  geth(): string;
  /** Path of go-ethereum's `devp2p` tool, pinned in the same way. */
  devp2p(): string;
  /** Folder of a test chain with `genesis.json`, `chain.rlp` and `head.json`; it is made when it is first used. */
  chain(name: ChainName | SuiteName): string;
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
      if (name === 'suite5' || name === 'suite10') {
        copySuite(name, chain);
        return chain;
      }
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

/** Copies a chain from go-ethereum's module of its version. */
function copySuite(name: SuiteName, folder: string): void {
  if (existsSync(join(folder, 'chain.rlp'))) return;
  const module = `github.com/ethereum/go-ethereum@v1.17.${name.slice('suite'.length)}`;
  const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot download ${module}: ${stdout}${stderr}`);
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const source = join(Dir, 'cmd/devp2p/internal/ethtest/testdata');
  const head = JSON.parse(readFileSync(join(source, 'headblock.json'), 'utf8')) as Record<string, string>;
  mkdirSync(folder, { recursive: true });
  const { number, hash, stateRoot } = head;
  writeFileSync(join(folder, 'head.json'), `${JSON.stringify({ number: Number(number), hash, stateRoot })}\n`);
  writeFileSync(join(folder, 'genesis.json'), readFileSync(join(source, 'genesis.json')));
  writeFileSync(join(folder, 'chain.rlp'), readFileSync(join(source, 'chain.rlp')));
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
