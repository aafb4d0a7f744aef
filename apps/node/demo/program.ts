import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Programs that have not ended. */
export const running: Set<Program> = new Set();

/** One run of a program, whose lines on both outputs can be waited for. */
export class Program {
  readonly ended: Promise<number | null>;
  peakMemory = 0;
  /** What it printed on standard output. */
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  #over = false;

  constructor(file: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface(stdout).on('line', (line) => {
      this.output.push(line);
      this.#heard(line);
    });
    createInterface(stderr).on('line', (line) => this.#heard(line));
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#over = true;
        running.delete(this);
        resolve(code);
        this.#tell();
      });
    });
  }

  /** The first line that matches, once it is there. */
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
        if (!this.#over) return;
        this.#listeners.delete(look);
        reject(
          new Error(`a program ended without ${pattern}:\n${this.#lines.slice(-5).join('\n')}`),
        );
      };
      this.#listeners.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  #heard(line: string): void {
    this.peakMemory = Math.max(this.peakMemory, peakMemory(this.#child.pid));
    this.#lines.push(line);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** In bytes; 0 where the system does not say. */
function peakMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
