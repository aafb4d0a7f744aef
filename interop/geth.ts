import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { call } from './json-rpc.ts';
import { Program } from './program.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const binary = join(here, 'bin/geth');
const go = { cwd: here, env: { ...process.env, GOFLAGS: '-mod=mod' } };

/** Builds the pinned go-ethereum once; a second call finds it. */
export function buildGeth(): void {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error('interop needs Go (1.25 or later) on the PATH, to build go-ethereum');
  }
  if (existsSync(binary)) return;
  mkdirSync(join(here, 'bin'), { recursive: true });
  execFileSync('go', ['build', '-o', 'bin/', 'tool'], { ...go, stdio: 'inherit' });
}

export interface TestChain {
  readonly genesis: string;
  readonly blocks: string;
  readonly networkId: string;
  readonly headNumber: number;
  readonly headHash: string;
  /** The forkchoice update that names the head. */
  readonly forkchoice: unknown[];
}

/** go-ethereum's own test chain of 600 blocks, where it lies in its module. */
export function testChain(): TestChain {
  const module = execFileSync(
    'go',
    ['list', '-m', '-f', '{{.Dir}}', 'github.com/ethereum/go-ethereum'],
    {
      ...go,
      encoding: 'utf8',
    },
  ).trim();
  const folder = join(module, 'cmd/devp2p/internal/ethtest/testdata');
  const update = JSON.parse(readFileSync(join(folder, 'headfcu.json'), 'utf8')) as {
    params: [{ headBlockHash: string }, null];
  };
  return {
    genesis: join(folder, 'genesis.json'),
    blocks: join(folder, 'chain.rlp'),
    networkId: '3503995874084926',
    headNumber: 600,
    headHash: update.params[0].headBlockHash,
    forkchoice: update.params,
  };
}

export interface Geth {
  readonly enode: string;
  /** URL of its JSON-RPC. */
  readonly http: string;
  /** Where a consensus client asks it. */
  readonly authrpc: { readonly url: string; readonly secret: Uint8Array };
  readonly program: Program;
  rpc(method: string, params?: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

export interface GethOptions {
  /** Whether it begins with the blocks of the chain, not only its genesis. */
  readonly blocks: boolean;
  /** Where it looks for nodes by discv4. @default no discovery */
  readonly bootnode?: string;
  /** Whether it dials anybody by itself. @default true */
  readonly dials?: boolean;
  /** @default geth's own, 50 */
  readonly maxPeers?: number;
}

/** An unmodified geth on free loopback ports. */
export async function startGeth(
  datadir: string,
  chain: TestChain,
  { blocks, bootnode, dials = true, maxPeers }: GethOptions,
): Promise<Geth> {
  const quiet = { stdio: 'ignore' } as const;
  execFileSync(binary, ['--datadir', datadir, 'init', chain.genesis], quiet);
  if (blocks) {
    const to = ['--datadir', datadir, '--networkid', chain.networkId];
    execFileSync(binary, [...to, 'import', chain.blocks], quiet);
  }
  const config = join(datadir, 'config.toml');
  // Without it geth listens on every interface.
  writeFileSync(config, `[Node.P2P]\nListenAddr = "127.0.0.1:0"\nNoDial = ${!dials}\n`);
  const secret = randomBytes(32);
  const secretFile = join(datadir, 'jwtsecret');
  writeFileSync(secretFile, secret.toString('hex'));
  const args = [
    `--config=${config}`,
    `--datadir=${datadir}`,
    `--networkid=${chain.networkId}`,
    '--nat=none',
    ...(bootnode === undefined ? ['--nodiscover'] : ['--discovery.v5=false']),
    '--syncmode=full',
    ...(maxPeers === undefined ? [] : [`--maxpeers=${maxPeers}`]),
    '--ipcdisable',
    '--authrpc.port=0',
    `--authrpc.jwtsecret=${secretFile}`,
    '--http',
    '--http.port=0',
    '--http.api=admin,eth,net',
    `--bootnodes=${bootnode ?? ''}`,
    '--verbosity=4',
  ];
  const program = new Program('geth', binary, args);
  const [, http = ''] = await program.line(/HTTP server started.*endpoint=(\S+) auth=false/);
  const [, authrpc = ''] = await program.line(/HTTP server started.*endpoint=(\S+) auth=true/);
  const [, enode = ''] = await program.line(
    /Started P2P networking.*self=(?:"?)(enode:\/\/[^\s"]+)/,
  );
  return {
    enode: enode.replace(/\?discport=0$/, ''),
    http: `http://${http}`,
    authrpc: { url: `http://${authrpc}`, secret },
    program,
    rpc: (method, params = []) => call(`http://${http}`, method, params),
    stop: () => program.stop(),
  };
}
