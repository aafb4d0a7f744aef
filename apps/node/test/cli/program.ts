import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built program, in a process of its own. */
export class Program {
  stdout = '';
  stderr = '';
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child;
  #look = (): void => {};

  constructor(args: readonly string[], environment: Record<string, string | undefined> = {}) {
    const { PATH } = process.env;
    this.#child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Several run at once, so only tests of the Engine API open its port.
      env: { PATH, DEVP2P_AUTHRPC: 'false', ...environment },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#look();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        resolve(code ?? signal);
        this.#look();
      });
    });
  }

  /** Waits for the first match in the output. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    this.ended.then(() => {
      over = true;
    });
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (match !== null) resolve(match);
        else if (over) reject(new Error(`ended without ${pattern}: ${this.stderr}`));
      };
      this.ended.then(() => this.#look());
      this.#look();
    });
  }

  async enode(): Promise<string> {
    return (await this.output(/^enode=(enode:\S+)\n/m))[1] ?? '';
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
