import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Measure, ProbeRequest } from './probe.ts';

/** Root of the package: the built program is started, also when this module itself runs from source. */
export const app: URL = pathToFileURL(createRequire(import.meta.url).resolve('@devp2p/node/package.json'));
const program = fileURLToPath(new URL('dist/main.js', app));
const probe = new URL('soak/dist/probe.js', app).href;
const genesis = fileURLToPath(new URL('demo/chain/genesis.json', app));

/** Resource limits of a process. */
export interface Limits {
  /** Maximum size of each written file, in units of 512 bytes. Simulates a full disk on all systems. */
  readonly fileBlocks: number;
  /** File to which the log is written. @default the log is in {@link Daemon.stderr} */
  readonly log?: string;
}

/** Where and how a node runs: its datadir, on a full disk if there are limits, and its time. */
export interface Place extends Partial<Limits> {
  readonly datadir: string;
  /** The time of the node advances only by {@link Daemon.pass}, independent of the load of the machine. @default false */
  readonly isTimeStill?: boolean;
  /** Path of the genesis.json. @default that of the demo */
  readonly genesisFile?: string;
}

/** Returns command and arguments that run Node.js within limits. Node.js turns SIGXFSZ into an error of the write. */
export function limited(limits: Limits | undefined, args: readonly string[]): [string, string[]] {
  if (limits === undefined) return [process.execPath, [...args]];
  const { fileBlocks, log } = limits;
  const script = `ulimit -f ${fileBlocks}; exec "$@"${log === undefined ? '' : ' 2>"$0"'}`;
  return ['sh', ['-c', script, log ?? 'sh', process.execPath, ...args]];
}

/** `devp2p-node`, by default with the genesis of the demo, on loopback in a process of its own. */
export class Daemon {
  stderr = '';
  /** Resolves with the exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child: ChildProcess;
  /** Called after each addition to the log. */
  readonly #logListeners = new Set<() => void>();
  readonly #enode: Promise<string>;

  constructor(place: string | Place, ...flags: string[]) {
    const {
      datadir,
      fileBlocks,
      log: logFile,
      isTimeStill = false,
      genesisFile = genesis,
    }: Place = typeof place === 'string' ? { datadir: place } : place;
    const limits = fileBlocks === undefined ? undefined : { fileBlocks, ...(logFile && { log: logFile }) };
    const where = ['--datadir', datadir, '--genesis', genesisFile, '--addr', '127.0.0.1'];
    if (!flags.includes('--port')) where.push('--port', '0');
    if (!flags.includes('--authrpc') && !flags.includes('dev')) where.push('--no-authrpc');
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
    if (output === null || log === null) throw new TypeError('child process without pipes');
    log.setEncoding('utf8').on('data', (text: string) => {
      // Bounds the memory of the test when an attack causes many log lines.
      this.stderr = (this.stderr + text).slice(-1_000_000);
      for (const onLog of this.#logListeners) onLog();
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

  /** The enode URL of the node, once it listens. */
  get enode(): Promise<string> {
    return this.#enode;
  }

  /** Calls a JSON-RPC method over HTTP. @throws Error when the response has no result */
  async call(method: string, ...params: unknown[]): Promise<unknown> {
    await this.#enode;
    const endpoint = /http server started endpoint=(\S+)/.exec(this.stderr)?.[1];
    const headers = { 'content-type': 'application/json' };
    // `fetch` would keep its connection open, which would count as one of the node.
    const call = request(`http://${endpoint}`, { method: 'POST', headers, agent: false });
    call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const { result } = (await json(response)) as { result?: unknown };
    if (result === undefined) throw new Error(`no result of ${method}`);
    return result;
  }

  /** Resolves when the log matches, or the process ends. */
  async logged(pattern: RegExp): Promise<void> {
    const match = new Promise<void>((resolve) => {
      const onLog = (): void => {
        if (!pattern.test(this.stderr)) return;
        this.#logListeners.delete(onLog);
        resolve();
      };
      this.#logListeners.add(onLog);
      onLog();
    });
    await Promise.race([match, this.ended]);
  }

  /** Resident memory of the process, in bytes. */
  get rss(): number {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(this.#proc('status'))?.[1]);
  }

  /** Number of open file descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** CPU time of all threads so far, in seconds. */
  get cpu(): number {
    const fields = this.#proc('stat')
      .replace(/^.*\) /, '')
      .split(' ');
    // utime and stime, in hundredths of a second (USER_HZ).
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Counts the live resources of the process. */
  async measure(): Promise<Measure> {
    return (await this.#request({ type: 'measure' })) as Measure;
  }

  /** Advances the time of the node by `ms`, and fires all timers due until then. */
  async pass(ms: number): Promise<void> {
    await this.#request({ type: 'pass', ms });
  }

  /** Moves the wall clock of the node by `ms`, forward or back. */
  async jump(ms: number): Promise<void> {
    await this.#request({ type: 'jump', ms });
  }

  /** Stops the process with SIGTERM. */
  stop(): Promise<number | NodeJS.Signals | null> {
    return this.kill('SIGTERM');
  }

  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  async #request(request: ProbeRequest): Promise<unknown> {
    this.#child.send(request);
    const [answer] = await once(this.#child, 'message');
    return answer;
  }

  #proc(name: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${name}`, 'utf8');
  }
}
