import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import {
  buildGeth,
  type Geth,
  type GethOptions,
  startGeth,
  type TestChain,
  testChain,
} from './geth.ts';
import { startNode } from './node.ts';
import type { Program } from './program.ts';

/** Nodes of both kinds on one chain, which end with the test that has started them. */
export class Scene {
  chain!: TestChain;
  /** A folder that goes with the scene. */
  folder!: string;
  readonly #running = new Set<{ stop(): Promise<void> }>();
  #folders = 0;

  constructor() {
    beforeAll(() => {
      buildGeth();
      this.folder = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
      this.chain = testChain();
    }, 900_000);
    afterEach(async () => {
      await Promise.all([...this.#running].map((one) => one.stop()));
      this.#running.clear();
    });
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  startNode(flags: string[]): Program {
    const program = startNode(this.#datadir(), { ...this.chain, flags });
    this.#running.add(program);
    return program;
  }

  async startGeth(options: GethOptions): Promise<Geth> {
    const geth = await startGeth(this.#datadir(), this.chain, options);
    this.#running.add(geth);
    return geth;
  }

  #datadir(): string {
    return join(this.folder, `${this.#folders++}`);
  }
}
