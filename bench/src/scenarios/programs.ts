import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from '../workers/server.ts';
import { EngineClient } from './engine-client.ts';

/** A program that follows a consensus client. */
export interface Program {
  readonly server: Server;
  readonly engine: EngineClient;
  readonly enode: string;
  /** URL of the public JSON-RPC, if it is served. */
  readonly http: string | undefined;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly genesis: string;
  /** With a database or empty. */
  readonly datadir: string;
  /** Node to connect to. @default none */
  readonly peer?: string;
  /** Whether JSON-RPC is served on a port without a token. @default false */
  readonly http?: boolean;
  /** Command prefix that pins the process to its core. */
  readonly pin: readonly string[];
}

/** The command of our node. */
export const ourProgram: readonly string[] = [
  process.execPath,
  join(fileURLToPath(import.meta.resolve('@devp2p/node/package.json')), '../dist/main.js'),
];

/** Starts our node as users run it. */
export async function startOurs({ genesis, datadir, peer, pin, http = false }: ProgramOptions): Promise<Program> {
  const server = new Server([
    ...[...pin, ...ourProgram, `--datadir=${datadir}`, `--genesis=${genesis}`],
    ...['--addr=127.0.0.1', '--port=0', '--nodiscover', '--authrpc', '--authrpc.port=0'],
    ...(peer === undefined ? [] : [`--static=${peer}`]),
    ...(http ? ['--http', '--http.port=0'] : []),
  ]);
  const [enode, address, url] = await Promise.all([
    server.lineMatching(/^enode=(enode:\/\/\S+)/),
    server.lineMatching(/authrpc server started.*endpoint=(\S+)/),
    http ? server.lineMatching(/\bhttp server started.*endpoint=(\S+)/) : undefined,
  ]);
  return {
    server,
    enode,
    engine: new EngineClient(`http://${address}`, join(datadir, 'jwtsecret')),
    http: url && `http://${url}`,
    stop: () => server.stop(),
  };
}

/** Starts an unmodified geth. Its datadir has to have a genesis. */
export async function startGeth(geth: string, { datadir, peer, pin, http = false }: ProgramOptions): Promise<Program> {
  const config = join(datadir, 'config.toml');
  const nodes = peer === undefined ? '' : `StaticNodes = ["${peer}"]\n`;
  // Without the address geth listens on every interface.
  writeFileSync(config, `[Node.P2P]\nListenAddr = "127.0.0.1:0"\n${nodes}`);
  const server = new Server([
    ...[...pin, geth, `--config=${config}`, `--datadir=${datadir}`, '--networkid=1337', '--syncmode=full'],
    ...['--nat=none', '--nodiscover', '--ipcdisable', '--authrpc.port=0', '--bootnodes=', '--verbosity=3'],
    ...(http ? ['--http', '--http.port=0', '--http.api=eth'] : []),
  ]);
  const [enode, address, url] = await Promise.all([
    server.lineMatching(/Started P2P networking.*self="?(enode:\/\/[^\s"?]+)/),
    server.lineMatching(/HTTP server started.*endpoint=(\S+) auth=true/),
    http ? server.lineMatching(/HTTP server started.*endpoint=(\S+) auth=false/) : undefined,
  ]);
  const engine = new EngineClient(`http://${address}`, join(datadir, 'geth', 'jwtsecret'));
  return { server, enode, engine, http: url && `http://${url}`, stop: () => server.stop() };
}
