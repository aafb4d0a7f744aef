import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { buildGeth, type Geth, type GethOptions, startGeth, type TestChain, testChain } from './geth.ts';
import type { EngineServer } from './json-rpc.ts';
import { startNode } from './node.ts';
import type { Program } from './program.ts';

/** Nodes of both kinds on one chain, stopped at the end of the test that has started them. */
export class Scene {
  chain!: TestChain;
  /** A folder that is removed with the scene. */
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

  startNode(flags: string[], datadir = this.newDatadir()): Program {
    const program = startNode(datadir, { ...this.chain, flags });
    this.#running.add(program);
    return program;
  }

  /** Our node with the Engine API. */
  async startEngineNode(flags: string[], datadir?: string): Promise<{ program: Program; engine: EngineServer }> {
    const secret = randomBytes(32);
    const file = join(this.folder, `secret-${secret.toString('hex', 0, 4)}`);
    writeFileSync(file, secret.toString('hex'));
    const authrpc = ['--authrpc', '--authrpc.port=0', `--authrpc.jwtsecret=${file}`];
    const program = this.startNode(['--nodiscover', ...authrpc, ...flags], datadir);
    const [, endpoint = ''] = await program.line(/authrpc server started endpoint=(\S+)/);
    return { program, engine: { url: `http://${endpoint}`, secret } };
  }

  async startGeth(options: GethOptions, datadir = this.newDatadir()): Promise<Geth> {
    const geth = await startGeth(datadir, this.chain, options);
    this.#running.add(geth);
    return geth;
  }

  /** Stops it at the end of the test. */
  keep(running: { stop(): Promise<void> }): void {
    this.#running.add(running);
  }

  /** A datadir that is removed with the scene. */
  newDatadir(): string {
    return join(this.folder, `${this.#folders++}`);
  }
}
