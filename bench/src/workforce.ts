import { fileURLToPath } from 'node:url';
import type { Implementation } from './catalogue.ts';
import { Worker } from './worker.ts';

/** How each implementation's worker is started. */
export interface Workplace {
  /** Of the fixtures. */
  readonly folder: string;
  /** Our Go program, where there is Go. */
  readonly go: string | undefined;
  /** What keeps a worker on its core. */
  readonly pin: readonly string[];
}

const script = (name: string) => fileURLToPath(new URL(`./workers/${name}.js`, import.meta.url));

/** Starts workers when they are first needed. */
export class Workforce {
  readonly #place: Workplace;
  readonly #workers = new Map<Implementation, Promise<Worker>>();

  constructor(place: Workplace) {
    this.#place = place;
  }

  /** @returns `undefined` for what this machine does not have. */
  async find(implementation: Implementation): Promise<Worker | undefined> {
    const command = this.#command(implementation);
    if (command === undefined) return undefined;
    const worker =
      this.#workers.get(implementation) ??
      Worker.start([...this.#place.pin, ...command], { GOMAXPROCS: '1' });
    this.#workers.set(implementation, worker);
    return worker;
  }

  async stop(): Promise<void> {
    const workers = await Promise.allSettled(this.#workers.values());
    await Promise.all(
      workers.map((worker) => (worker.status === 'fulfilled' ? worker.value.stop() : undefined)),
    );
  }

  #command(implementation: Implementation): string[] | undefined {
    const { folder, go } = this.#place;
    const node = (name: string, ...args: string[]) => [
      process.execPath,
      script(name),
      folder,
      ...args,
    ];
    switch (implementation) {
      case 'fast':
      case 'noble':
        return node('devp2p', implementation);
      case 'ethereumjs':
        return node('ethereumjs');
      case 'rlp':
        return node('rlp');
      case 'go':
        return go === undefined ? undefined : [go, 'worker', folder];
      case 'node':
      case 'geth':
        return undefined;
    }
  }
}
