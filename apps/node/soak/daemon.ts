import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Measure, ProbeRequest } from './probe.ts';

// What runs is what was built, also when this does not.
const app = pathToFileURL(createRequire(import.meta.url).resolve('@devp2p/node/package.json'));
const program = fileURLToPath(new URL('dist/main.js', app));
const probe = new URL('soak/dist/probe.js', app).href;
const genesis = fileURLToPath(new URL('demo/chain/genesis.json', app));

/** @see limited */
export interface Limits {
  /** Largest size of any file that is written, in 512 bytes: as good as a disk without room, and for everybody. */
  readonly fileBlocks: number;
  /** A file for the log. @default it is read from here */
  readonly log?: string;
}

/** A datadir, on a disk that is full if there are limits, and the node's time. */
export interface Place extends Partial<Limits> {
  readonly datadir: string;
  /** Time passes for the node by {@link Daemon.pass} alone, however long a busy machine takes. @default false */
  readonly isTimeStill?: boolean;
}

/** A command that runs this Node.js within limits: it turns the signal that comes with them into an error by itself. */
export function limited(limits: Limits | undefined, args: readonly string[]): [string, string[]] {
  if (limits === undefined) return [process.execPath, [...args]];
  const { fileBlocks, log } = limits;
  const script = `ulimit -f ${fileBlocks}; exec "$@"${log === undefined ? '' : ' 2>"$0"'}`;
  return ['sh', ['-c', script, log ?? 'sh', process.execPath, ...args]];
}

/** `devp2p-node` with the demo's genesis on loopback, in a process of its own, watched from outside. */
export class Daemon {
  stderr = '';
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child: ChildProcess;
  /** Looks again, whenever there is more. */
  readonly #looks = new Set<() => void>();
  readonly #enode: Promise<string>;

  constructor(place: string | Place, ...flags: string[]) {
    const {
      datadir,
      fileBlocks,
      log: logFile,
      isTimeStill = false,
    }: Place = typeof place === 'string' ? { datadir: place } : place;
    const limits =
      fileBlocks === undefined ? undefined : { fileBlocks, ...(logFile && { log: logFile }) };
    const where = ['--datadir', datadir, '--genesis', genesis, '--addr', '127.0.0.1'];
    if (!flags.includes('--port')) where.push('--port', '0');
    if (!flags.includes('--authrpc')) where.push('--no-authrpc');
    const { PATH } = process.env;
    const args = ['--import', probe, program, ...where, ...flags];
    const child = spawn(...limited(limits, args), {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH, ...(isTimeStill && { PROBE_TIME: 'still' }) },
    });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal));
    });
    const { stdout: output, stderr: log } = child;
    if (output === null || log === null) throw new TypeError('no pipes');
    log.setEncoding('utf8').on('data', (text: string) => {
      // Whoever makes a node talk shall not make the test grow.
      this.stderr = (this.stderr + text).slice(-1_000_000);
      for (const look of this.#looks) look();
    });
    let stdout = '';
    this.#enode = new Promise((resolve, reject) => {
      output.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        const [, enode] = /^enode=(enode:\S+)\n/m.exec(stdout) ?? [];
        if (enode !== undefined) resolve(enode);
      });
      void this.ended.then((code) => reject(new Error(`ended with ${code}: ${this.stderr}`)));
    });
    this.#enode.catch(() => {});
  }

  /** Where the node is, as soon as it listens. */
  get enode(): Promise<string> {
    return this.#enode;
  }

  /** Calls a method over HTTP, where the node serves it. */
  async call(method: string, ...params: unknown[]): Promise<unknown> {
    await this.#enode;
    const endpoint = /http server started endpoint=(\S+)/.exec(this.stderr)?.[1];
    const headers = { 'content-type': 'application/json' };
    // Not `fetch`, which would keep a connection of its own for a while.
    const question = request(`http://${endpoint}`, { method: 'POST', headers, agent: false });
    question.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const [response] = (await once(question, 'response')) as [IncomingMessage];
    const { result } = (await json(response)) as { result?: unknown };
    if (result === undefined) throw new Error(`no result of ${method}`);
    return result;
  }

  /** Resolves as soon as the log has a match, and when the process has ended. */
  async said(pattern: RegExp): Promise<void> {
    const match = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!pattern.test(this.stderr)) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
    await Promise.race([match, this.ended]);
  }

  /** Bytes of memory that the process takes up. */
  get rss(): number {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(this.#proc('status'))?.[1]);
  }

  /** How many file descriptors are open. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** Seconds of CPU time so far, of all threads. */
  get cpu(): number {
    const fields = this.#proc('stat')
      .replace(/^.*\) /, '')
      .split(' ');
    // utime and stime, in hundredths (USER_HZ).
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** What is open and alive in the process. */
  async measure(): Promise<Measure> {
    return (await this.#ask({ type: 'measure' })) as Measure;
  }

  /** Lets so many ms pass for the node. */
  async pass(ms: number): Promise<void> {
    await this.#ask({ type: 'pass', ms });
  }

  /** Sets the node's wall clock forward, or back. */
  async jump(ms: number): Promise<void> {
    await this.#ask({ type: 'jump', ms });
  }

  /** Ends the process as a user would. */
  stop(): Promise<number | NodeJS.Signals | null> {
    return this.kill('SIGTERM');
  }

  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  async #ask(request: ProbeRequest): Promise<unknown> {
    this.#child.send(request);
    const [answer] = await once(this.#child, 'message');
    return answer;
  }

  #proc(name: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${name}`, 'utf8');
  }
}
