import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { call, type EngineCall, type EngineServer } from './json-rpc.ts';
import { Program } from './program.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Path of geth. */
export const binary: string = join(here, 'bin/geth');
const go = { cwd: here, env: { ...process.env, GOFLAGS: '-mod=mod' } };

const module = 'github.com/ethereum/go-ethereum';

/** Builds the pinned go-ethereum, unless that version is built already. */
export function buildGeth(): void {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error('interop needs Go (1.25 or later) on the PATH, to build go-ethereum');
  }
  if (builtVersions().every((version) => version === pinnedVersion())) return;
  mkdirSync(join(here, 'bin'), { recursive: true });
  execFileSync('go', ['build', '-o', 'bin/', 'tool'], { ...go, stdio: 'inherit' });
}

function pinnedVersion(): string {
  return list('{{.Version}}');
}

/** Versions of the built programs; `undefined` for a missing one. */
function builtVersions(): (string | undefined)[] {
  return ['geth', 'devp2p'].map((name) => {
    const { stdout } = spawnSync('go', ['version', '-m', join(here, 'bin', name)], {
      encoding: 'utf8',
    });
    return new RegExp(`\\s${module}\\s+(\\S+)`).exec(stdout)?.[1];
  });
}

/** The output of `go list` for the pinned module. */
function list(format: string): string {
  return execFileSync('go', ['list', '-m', '-f', format, module], {
    ...go,
    encoding: 'utf8',
  }).trim();
}

/** Path of the sources of the pinned module. */
export function moduleFolder(): string {
  return list('{{.Dir}}');
}

export interface TestChain {
  /** Folder of the chain and of its description for the test suites. */
  readonly folder: string;
  readonly genesis: string;
  readonly blocks: string;
  readonly networkId: string;
  readonly genesisHash: string;
  readonly headNumber: number;
  readonly headHash: string;
  /** The forkchoice update with the head. */
  readonly forkchoice: EngineCall;
  /** Number of the first block of Amsterdam. */
  readonly amsterdam: number;
  /** Number of the block with more than 10 MiB of receipts. */
  readonly largeReceipts: number;
  /** The Engine API call that delivers each block, by block number. */
  readonly payloads: readonly EngineCall[];
}

/**
 * go-ethereum's own test chain, as stored in its module: 600 blocks, 10 s apart, with a fork every six blocks from
 * Cancun (block 6) to Osaka, BPO1, BPO2 and Amsterdam (block 36).
 */
export function testChain(): TestChain {
  const folder = join(moduleFolder(), 'cmd/devp2p/internal/ethtest/testdata');
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { method, params } = read('headfcu.json') as {
    method: string;
    params: [{ headBlockHash: string }, ...unknown[]];
  };
  const payloads = read('newpayload.json') as (EngineCall & { params: [{ parentHash: string }] })[];
  return {
    folder,
    genesis: join(folder, 'genesis.json'),
    blocks: join(folder, 'chain.rlp'),
    networkId: '3503995874084926',
    genesisHash: payloads[1]?.params[0].parentHash ?? '',
    headNumber: 600,
    headHash: params[0].headBlockHash,
    forkchoice: { method, params },
    amsterdam: 36,
    largeReceipts: 14,
    payloads,
  };
}

export interface Geth {
  readonly enode: string;
  /** URL of its JSON-RPC. */
  readonly http: string;
  /** The Engine API. */
  readonly engine: EngineServer;
  readonly program: Program;
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

export interface GethOptions {
  /** Whether it starts with the blocks of the chain, or with the genesis only. */
  readonly blocks: boolean;
  /** Boot nodes of discv4 and discv5. @default no discovery */
  readonly bootnode?: string;
  /** Whether it dials. @default true */
  readonly dials?: boolean;
  /** @default 50, as geth */
  readonly maxPeers?: number;
  /** More flags of geth. @default none */
  readonly flags?: readonly string[];
}

/** An unmodified geth on free loopback ports. */
export async function startGeth(
  datadir: string,
  chain: TestChain,
  { blocks, bootnode, dials = true, maxPeers, flags = [] }: GethOptions,
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
    ...(bootnode === undefined ? ['--nodiscover'] : []),
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
    ...flags,
  ];
  const program = new Program('geth', binary, args);
  const [, http = ''] = await program.line(/HTTP server started.*endpoint=(\S+) auth=false/);
  const [, authrpc = ''] = await program.line(/HTTP server started.*endpoint=(\S+) auth=true/);
  const [, enode = ''] = await program.line(/Started P2P networking.*self=(?:"?)(enode:\/\/[^\s"]+)/);
  return {
    enode: enode.replace(/\?discport=0$/, ''),
    http: `http://${http}`,
    engine: { url: `http://${authrpc}`, secret },
    program,
    rpc: (method, params = []) => call(`http://${http}`, method, params),
    stop: () => program.stop(),
  };
}
