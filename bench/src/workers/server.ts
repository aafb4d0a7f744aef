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

  /** Returns the CPU time of all threads, in µs. */
  cpuTime(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
  }
}
