import { equalBytes } from '@devp2p/bytes';
import { type Enode, formatEnode, parseEnode } from '@devp2p/enr';
import type { LocalChain } from '../chain/chain.ts';
import type { CatchUp } from '../chain/interfaces.ts';
import { openDatadir, openNodeKey } from '../config/datadir.ts';
import { checkChainSupported } from '../config/genesis/unsupported-forks.ts';
import { jwtSecretPath, openJwtSecret } from '../config/secrets/jwt-secret.ts';
import { NodeError } from '../errors/node-error.ts';
import type { ReportProgress } from '../logging/progress.ts';
import type { AuthrpcSettings } from '../rpc/settings.ts';
import { type NetworkDatabase, openNetworkDatabase } from '../storage/addresses.ts';
import type { NodeContext } from './context.ts';
import { openNodeChain, readGenesis, warnOfMissingReceipts } from './open-chain.ts';

/** Databases and identity of a node, from its datadir. */
export interface NodeStorage {
  /** An absolute path. */
  readonly datadir: string;
  readonly chain: LocalChain;
  readonly database: NetworkDatabase;
  readonly privateKey: Uint8Array;
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly staticNodes: readonly Enode[];
  readonly trustedNodes: readonly Enode[];
  /** With the JWT secret read; absent when it is not served. */
  readonly authrpc: (AuthrpcSettings & { readonly jwtSecret: Uint8Array }) | undefined;
}

/**
 * First step: opens chain and databases, and reads the secrets.
 *
 * @throws NodeError, ChainError, EnodeError; the reason of the lifecycle's signal
 */
export async function openStorage(context: NodeContext): Promise<NodeStorage> {
  const { options, lifecycle, crypto, clock, logs } = context;
  const staticNodes = (options.staticNodes ?? []).map(asEnode);
  const trustedNodes = (options.trustedNodes ?? []).map(asEnode);
  const isExecuted = options.execution ?? options.network === undefined;
  const genesis = await readGenesis(options, crypto, isExecuted);
  checkChainSupported(genesis, { timestamp: clock.now() / 1000 });
  const datadir = openDatadir(options.datadir);
  const chain = await openNodeChain({
    datadir,
    genesis,
    networkId: options.networkId,
    requiredBlocks: options.requiredBlocks,
    sideBlockDepth: options.sideBlockDepth,
    transactionHistory: options.transactionHistory,
    logHistory: options.logHistory,
    execution: isExecuted ? options : undefined,
    onCatchUp: reportCatchUp(options.report),
    crypto,
    clock,
    logs,
    signal: lifecycle.signal,
  });
  lifecycle.onClose(() => chain.close());
  if (options.network !== undefined && !isExecuted) {
    const reason = 'its state cannot be downloaded from peers yet';
    logs('chain').info(
      { code: 'network-not-executed' },
      `the blocks of ${options.network} are not executed: ${reason}`,
    );
  }
  warnOfMissingReceipts(chain, logs('chain'));
  // The open chain locks the datadir, so that no other process creates secrets in it.
  const privateKey = options.privateKey ?? openNodeKey(datadir, crypto, (line) => logs('node').warn({}, line));
  const authrpc = options.authrpc && {
    ...options.authrpc,
    jwtSecret: options.authrpc.jwtSecret ?? openJwtSecret(jwtSecretPath(datadir)),
  };
  const id = crypto.secp256k1.publicKey(privateKey);
  refuseSelf(id, [...staticNodes, ...trustedNodes]);
  const database = await openNetworkDatabase(datadir);
  lifecycle.onClose(() => database.close());
  return { datadir, chain, database, privateKey, id, staticNodes, trustedNodes, authrpc };
}

/** Reports the execution of stored blocks as a phase. */
function reportCatchUp(report: ReportProgress | undefined): ((progress: CatchUp) => void) | undefined {
  return report && (({ first, done, last, gas }) => report('execution', done - first, last - first, { gas }));
}

function asEnode(node: Enode | string): Enode {
  return typeof node === 'string' ? parseEnode(node, { allowHostname: true }) : node;
}

/** @throws NodeError `static-self` */
function refuseSelf(ownId: Uint8Array, nodes: readonly Enode[]): void {
  const self = nodes.find(({ id }) => equalBytes(id, ownId));
  if (self === undefined) return;
  throw new NodeError('static-self', `static or trusted node ${formatEnode(self)} is this node itself`);
}
