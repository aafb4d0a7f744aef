import { fileURLToPath } from 'node:url';
import type { Implementation } from './catalogue.ts';
import type { GoPrograms } from './go.ts';
import { type Cores, pinTo } from './machine.ts';
import { Worker } from './worker.ts';

/** What workers are made of. */
export interface Workplace {
  /** Of the fixtures. */
  readonly folder: string;
  /** `undefined` where there is no Go. */
  readonly go: GoPrograms | undefined;
  /** `undefined` where processes cannot be kept on one. */
  readonly cores: Cores | undefined;
}

const script = (name: string) => fileURLToPath(new URL(`./workers/${name}.js`, import.meta.url));

/** Starts workers when they are first needed. */
export class Workforce {
  readonly #place: Workplace;
  readonly #workers = new Map<Implementation, Promise<Worker>>();

  constructor(place: Workplace) {
    this.#place = place;
  }

  /** Those that this machine has. */
  async hire(implementations: readonly Implementation[]): Promise<Map<Implementation, Worker>> {
    const hired = new Map<Implementation, Worker>();
    for (const implementation of implementations) {
      const worker = await this.#find(implementation);
      if (worker !== undefined) hired.set(implementation, worker);
    }
    return hired;
  }

  async dismiss(): Promise<void> {
    const workers = await Promise.allSettled(this.#workers.values());
    this.#workers.clear();
    await Promise.all(
      workers.map((worker) => (worker.status === 'fulfilled' ? worker.value.stop() : undefined)),
    );
  }

  async #find(implementation: Implementation): Promise<Worker | undefined> {
    const command = this.#command(implementation);
    if (command === undefined) return undefined;
    const worker = this.#workers.get(implementation) ?? Worker.start(command, { GOMAXPROCS: '1' });
    this.#workers.set(implementation, worker);
    return worker;
  }

  #command(implementation: Implementation): string[] | undefined {
    const { folder, go, cores } = this.#place;
    const pin = pinTo(cores?.measured);
    const node = (name: string, ...args: string[]) => [process.execPath, script(name), ...args];
    // A server's CPU time is read where only Linux has it.
    const download = (geth: string) =>
      go === undefined || process.platform !== 'linux'
        ? undefined
        : [...pinTo(cores?.clients), ...node('download', go.chain(), geth, ...pin)];
    switch (implementation) {
      case 'fast':
      case 'noble':
        return [...pin, ...node('devp2p', folder, implementation)];
      case 'ethereumjs':
        return [...pin, ...node('ethereumjs', folder)];
      case 'rlp':
        return [...pin, ...node('rlp', folder)];
      case 'go':
        return go && [...pin, go.bench, 'worker', folder];
      case 'node':
        return download('');
      case 'geth':
        return go && download(go.geth());
    }
  }
}
