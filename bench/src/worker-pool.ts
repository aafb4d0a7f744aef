import { join } from 'node:path';
import type { Implementation } from './catalogue.ts';
import { importChains } from './execution/chains.ts';
import type { GoPrograms } from './go.ts';
import { type Cores, pinTo } from './machine.ts';
import { Worker } from './worker.ts';

/** Options of a {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** The workspace `bench` of the build to measure. */
  readonly bench: string;
  /** Folder of the fixtures. */
  readonly fixtures: string;
  /** `undefined` without Go. */
  readonly go: GoPrograms | undefined;
  /** `undefined` where processes cannot be pinned to a core. */
  readonly cores: Cores | undefined;
}

/** The workers of one build, each started at its first use. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<Implementation, Promise<Worker>>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Starts the workers of these implementations, without those that this machine cannot run. */
  async start(implementations: readonly Implementation[]): Promise<Map<Implementation, Worker>> {
    const started = new Map<Implementation, Worker>();
    for (const implementation of implementations) {
      const worker = await this.#find(implementation);
      if (worker !== undefined) started.set(implementation, worker);
    }
    return started;
  }

  /** Stops all workers. The next {@link WorkerPool.start} starts new ones. */
  async stop(): Promise<void> {
    const workers = await Promise.allSettled(this.#workers.values());
    this.#workers.clear();
    await Promise.all(workers.map((worker) => (worker.status === 'fulfilled' ? worker.value.stop() : undefined)));
  }

  async #find(implementation: Implementation): Promise<Worker | undefined> {
    const command = this.#command(implementation);
    if (command === undefined) return undefined;
    const worker = this.#workers.get(implementation) ?? Worker.start(command, { GOMAXPROCS: '1' });
    this.#workers.set(implementation, worker);
    return worker;
  }

  #command(implementation: Implementation): string[] | undefined {
    const { bench, fixtures, go, cores } = this.#options;
    const pin = pinTo(cores?.measured);
    const node = (name: string, ...args: string[]) => {
      return [process.execPath, join(bench, 'dist', 'workers', `${name}.js`), ...args];
    };
    // The CPU time of a server is read from /proc.
    const download = (geth: string) =>
      go === undefined || process.platform !== 'linux'
        ? undefined
        : [...pinTo(cores?.clients), ...node('download', go.chain('download'), geth, ...pin)];
    switch (implementation) {
      case 'fast':
      case 'noble':
        return [...pin, ...node('devp2p', fixtures, implementation)];
      case 'ethereumjs':
        return [...pin, ...node('ethereumjs', fixtures)];
      case 'rlp':
        return [...pin, ...node('rlp', fixtures)];
      case 'go':
        return go && [...pin, go.bench, 'worker', fixtures];
      case 'node':
        return download('');
      case 'geth':
        return go && download(go.geth());
      case 'import':
        return go && [...pin, ...node('import-node', ...chains(go))];
      case 'vm':
        return go && [...pin, ...node('import-ethereumjs', ...chains(go))];
      case 'geth-import':
        return go && [...pin, go.bench, 'import', go.geth(), ...chains(go)];
    }
  }
}

/** The chains as arguments of the workers that import them. */
function chains(go: GoPrograms): string[] {
  return importChains.map(({ name, chain, count }) => `${name}=${count}=${go.chain(chain)}`);
}
