import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Message, Outcome, World } from './message.ts';

const interop = fileURLToPath(new URL('..', import.meta.url));

/** State after a message, for the report of a difference. */
export interface Watched {
  readonly exists: boolean;
  readonly balance: string;
  readonly nonce: string;
  readonly codeHash: string;
  readonly storage: Readonly<Record<string, string>>;
}

/** The EVM of go-ethereum, in a process of its own. */
export class GethEvm implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** Builds the program, which takes seconds once go-ethereum has been built. */
  constructor() {
    mkdirSync(`${interop}bin`, { recursive: true });
    const env = { ...process.env, GOFLAGS: '-mod=mod' };
    execFileSync('go', ['build', '-o', 'bin/', './opcodes'], { cwd: interop, env, stdio: 'inherit' });
    this.#child = spawn(`${interop}bin/opcodes`, [], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, GOMAXPROCS: '1' },
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Runs messages one by one, each on the state of the world. */
  async run(world: World, messages: readonly Message[]): Promise<Outcome[]> {
    this.#send({ world });
    for (const message of messages) this.#send({ message });
    const outcomes: Outcome[] = [];
    for (const _ of messages) outcomes.push(await this.#next<Outcome>());
    return outcomes;
  }

  /** Runs a message again, and returns accounts with some of their slots as well. */
  async watch(
    world: World,
    message: Message,
    watch: Readonly<Record<string, readonly string[]>>,
  ): Promise<Readonly<Record<string, Watched>>> {
    this.#send({ world });
    this.#send({ message: { ...message, watch } });
    const { watched } = await this.#next<{ watched: Readonly<Record<string, Watched>> }>();
    return watched;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await exited;
  }

  #send(line: object): void {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  async #next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the EVM of go-ethereum ended');
    return JSON.parse(value);
  }
}
