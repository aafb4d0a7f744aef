import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program under test, with promises for lines of its output. */
export class Program {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Set<{ seen(line: string): void; ended(): void }>();

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output === null) continue;
      createInterface(output).on('line', (line) => {
        this.lines.push(line);
        for (const waiter of this.#waiting) waiter.seen(line);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.on('error', () => resolve(null));
      this.#child.on('close', (code) => resolve(code));
    });
    void this.exited.then(() => {
      for (const waiter of this.#waiting) waiter.ended();
    });
  }

  /** Peak resident memory in bytes. */
  get peakMemory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** The match of `pattern` in a past or future line of output; rejects when the program ends first. */
  line(pattern: RegExp, timeout = 60_000): Promise<RegExpExecArray> {
    for (const line of this.lines) {
      const match = pattern.exec(line);
      if (match !== null) return Promise.resolve(match);
    }
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        outcome();
      };
      const fail = (what: string) =>
        finish(() =>
          reject(new Error(`${this.#name} ${what} before it printed ${pattern}:\n${this.lines.slice(-25).join('\n')}`)),
        );
      const waiter = {
        seen: (line: string) => {
          const match = pattern.exec(line);
          if (match !== null) finish(() => resolve(match));
        },
        ended: () => fail('ended'),
      };
      const timer = setTimeout(() => fail(`took ${timeout} ms`), timeout);
      this.#waiting.add(waiter);
    });
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), 10_000);
    await this.exited;
    clearTimeout(timer);
  }
}
