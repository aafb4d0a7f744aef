import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect } from 'vitest';
import { Daemon, type Limits, limited, type Place } from '../../soak/daemon.ts';
import { connectPeer, type Guest } from '../../soak/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
const daemons = new Set<Daemon>();
let count = 0;

afterAll(async () => {
  await Promise.all([...daemons].map((daemon) => daemon.kill('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

/** A new directory for a node. */
export function datadir(): string {
  return join(folder, `datadir-${count++}`);
}

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));

export const genesisFile = `${demo}genesis.json`;
/** The demo's chain of 1,024 blocks, and their receipts. */
export const chainFile = `${demo}chain.rlp.gz`;
export const receiptsFile = `${demo}receipts.rlp.gz`;

/** A new directory with the demo's chain. */
export async function datadirWithChain(): Promise<string> {
  const directory = datadir();
  await run(undefined, 'import', chainFile, '--datadir', directory);
  return directory;
}

/** Runs a command of the program on the demo's chain to its end. @throws its output, if it fails */
export async function run(limits: Limits | undefined, ...args: string[]): Promise<void> {
  const all = [program, ...args, '--genesis', genesisFile];
  await promisify(execFile)(...limited(limits, all));
}

/** Starts the program. It is killed after the tests of the file. */
export function start(place: string | Place, ...flags: string[]): Daemon {
  const daemon = new Daemon(place, ...flags);
  daemons.add(daemon);
  void daemon.ended.then(() => daemons.delete(daemon));
  return daemon;
}

/** Resources that the daemon uses. */
interface Load {
  /** Resident memory, garbage included, in bytes. */
  readonly rss: number;
  /** Live objects and buffers, in bytes. */
  readonly live: number;
  readonly descriptors: number;
}

/** A peer that follows the protocol, and measures the effect of the other peers' attacks. */
export class Honest {
  readonly guest: Guest;
  readonly #daemon: Daemon;
  #idle: Load = { rss: 0, live: 0, descriptors: 0 };

  private constructor(daemon: Daemon, guest: Guest) {
    this.#daemon = daemon;
    this.guest = guest;
  }

  static async arrive(daemon: Daemon): Promise<Honest> {
    const honest = new Honest(daemon, await connectPeer(await daemon.enode));
    // Code compiled in the first round trips is not part of the idle load.
    await honest.#look(200);
    honest.#idle = await honest.#look(100);
    return honest;
  }

  /**
   * Fails unless the daemon responds, and uses at most `bytes` and `descriptors` more than when it was idle, and `garbage`
   * bytes that are not collected yet.
   *
   * Response times are not checked, since they depend on the load of the machine.
   */
  async expectServed({ bytes = 0, garbage = 0, descriptors = 0 } = {}): Promise<void> {
    const load = await this.#look(50);
    expect(load.live - this.#idle.live).toBeLessThan(16e6 + bytes);
    // V8 decides when garbage is collected, so this limit only detects a difference in kind.
    expect(load.rss - this.#idle.rss).toBeLessThan(160e6 + bytes + garbage);
    expect(load.descriptors - this.#idle.descriptors).toBeLessThanOrEqual(8 + descriptors);
  }

  async #look(rounds: number): Promise<Load> {
    let { rss, descriptors } = this.#daemon;
    for (let round = 0; round < rounds; round++) {
      await this.guest.ask();
      rss = Math.max(rss, this.#daemon.rss);
      descriptors = Math.max(descriptors, this.#daemon.descriptors);
    }
    const { heap, buffers } = await this.#daemon.measure();
    return { rss, live: heap + buffers, descriptors };
  }
}
