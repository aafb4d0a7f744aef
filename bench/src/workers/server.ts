import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program that serves blocks, with its CPU time. */
export class Server {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  constructor([program = '', ...args]: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output === null) continue;
      createInterface(output).on('line', (line) => {
        if (this.#waiting.size === 0) return;
        this.#lines.push(line);
        for (const look of this.#waiting) look();
      });
    }
    // The server must not outlive the worker.
    process.on('exit', () => this.#child.kill('SIGKILL'));
  }

  /** Resolves with the first group of a pattern in the next line that matches. */
  lineMatching(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.#lines.at(-1) ?? '')?.[1];
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      this.#child.on('error', reject);
      this.#child.on('close', () => reject(new Error(this.#lines.slice(-10).join('; '))));
    });
  }

  /** Resolves with the exit code; `null` after a signal. */
  get exited(): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return Promise.resolve(exitCode);
    return new Promise((resolve) => this.#child.once('exit', resolve));
  }

  /** Ends the program as a service manager does, and waits. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.exited;
  }

  /** Returns the memory of the process in bytes; `undefined` when it has ended. */
  memory(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
    } catch {
      return undefined;
    }
  }

  /** Returns the CPU time of all threads, in µs. */
  cpuTime(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
  }
}
