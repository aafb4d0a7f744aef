import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One implementation in a process of its own, which runs cases on request. */
export class Worker {
  readonly cases: ReadonlySet<string>;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** Settles when the process has exited, which may be before {@link Worker.stop}. */
  readonly #exited: Promise<unknown>;

  private constructor(
    child: ChildProcess,
    lines: AsyncIterator<string>,
    exited: Promise<unknown>,
    cases: Iterable<string>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#exited = exited;
    this.cases = new Set(cases);
  }

  /** Starts the process and waits for the list of its cases. */
  static async start(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Worker> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    const exited = new Promise((resolve) => child.once('close', resolve));
    // A write after the process has exited fails; the end of its output reports the exit.
    child.stdin.on('error', () => undefined);
    await new Promise((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', reject);
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const [word, ...cases] = await readLine(lines, command);
    if (word !== 'ready') {
      child.kill('SIGKILL');
      throw new Error(`${command.join(' ')}: received ${word}, expected ready`);
    }
    return new Worker(child, lines, exited, cases);
  }

  /**
   * Runs a case.
   *
   * @returns the count per CPU-second
   */
  async run(name: string, milliseconds: number): Promise<number> {
    this.#child.stdin?.write(`run ${name} ${milliseconds}\n`);
    const [word, ...rest] = await readLine(this.#lines, [name]);
    if (word !== 'done') throw new Error(`${name}: ${word} ${rest.join(' ')}`);
    const [count, microseconds] = rest.map(Number) as [number, number];
    if (!(count > 0 && microseconds > 0)) throw new Error(`${name}: count is ${count}, CPU time is ${microseconds} µs`);
    return (count * 1e6) / microseconds;
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await this.#exited;
    clearTimeout(timer);
  }
}

async function readLine(lines: AsyncIterator<string>, about: readonly string[]): Promise<string[]> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`${about.join(' ')}: the worker exited`);
  return value.split(' ');
}
