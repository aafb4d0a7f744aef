import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from './server.ts';

/** A running server and its enode URL. */
export interface Serving {
  readonly server: Server;
  readonly enode: string;
}

export interface ServingOptions {
  /** Folder with genesis.json, chain.rlp and receipts.rlp. */
  readonly folder: string;
  readonly datadir: string;
  /** Command prefix that pins the process to its core. */
  readonly pin: readonly string[];
}

/** Runs a program to its end; its output is shown only after a failure. */
function run([program = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  const last = stderr.trimEnd().split('\n').at(-1);
  throw new Error(`${[program, ...args].join(' ')}: ${last}`);
}

/** Starts our node as users run it. */
export async function startNode({ folder, datadir, pin }: ServingOptions): Promise<Serving> {
  const manifest = fileURLToPath(import.meta.resolve('@devp2p/node/package.json'));
  const program = [process.execPath, join(manifest, '../dist/main.js')] as const;
  const common = [`--datadir=${datadir}`, `--genesis=${join(folder, 'genesis.json')}`, '--verbosity=error'];
  for (const file of ['chain.rlp', 'receipts.rlp']) {
    run([...program, 'import', join(folder, file), ...common]);
  }
  const server = new Server([...pin, ...program, ...common, '--addr=127.0.0.1', '--port=0']);
  return { server, enode: await server.lineMatching(/^enode=(enode:\/\/\S+)/) };
}

/** Starts an unmodified geth, which executes the chain. */
export async function startGeth(geth: string, { folder, datadir, pin }: ServingOptions): Promise<Serving> {
  const common = [`--datadir=${datadir}`, '--verbosity=1'];
  run([geth, ...common, 'init', join(folder, 'genesis.json')]);
  const network = [...common, '--networkid=1337'];
  run([geth, ...network, 'import', join(folder, 'chain.rlp')]);
  const config = join(datadir, 'config.toml');
  // Without this option geth listens on every interface.
  writeFileSync(config, '[Node.P2P]\nListenAddr = "127.0.0.1:0"\n');
  const server = new Server([
    ...pin,
    geth,
    `--config=${config}`,
    ...network,
    '--nat=none',
    '--nodiscover',
    '--syncmode=full',
    '--ipcdisable',
    '--authrpc.port=0',
    '--bootnodes=',
    '--verbosity=3',
  ]);
  const enode = await server.lineMatching(/Started P2P networking.*self="?(enode:\/\/[^\s"?]+)/);
  return { server, enode };
}
