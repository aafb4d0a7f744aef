import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Programs that are running. */
export const running: Set<Program> = new Set();

/** A run of a program; callers can wait for lines on both of its outputs. */
export class Program {
  readonly ended: Promise<number | null>;
  /** Lines of standard output. */
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  #hasEnded = false;

  constructor(file: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('child process without pipes');
    createInterface(stdout).on('line', (line) => {
      this.output.push(line);
      this.#onLine(line);
    });
    createInterface(stderr).on('line', (line) => this.#onLine(line));
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#hasEnded = true;
        running.delete(this);
        resolve(code);
        this.#notify();
      });
    });
  }

  /** Waits for the first line that matches. @throws Error when the program ends without one */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let next = 0;
      const look = (): void => {
        for (; next < this.#lines.length; next++) {
          const match = pattern.exec(this.#lines[next] ?? '');
          if (match === null) continue;
          this.#listeners.delete(look);
          resolve(match);
          return;
        }
        if (!this.#hasEnded) return;
        this.#listeners.delete(look);
        reject(new Error(`program ended without a line that matches ${pattern}:\n${this.#lines.slice(-5).join('\n')}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
