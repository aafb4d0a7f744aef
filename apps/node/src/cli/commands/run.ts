import { UsageError } from '@devp2p/appkit/cli';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import { readNodeKey } from '../../config/datadir.ts';
import { openJwtSecret } from '../../config/secrets/jwt-secret.ts';
import { SyncError } from '../../errors/sync-error.ts';
import { createNode } from '../../node/node.ts';
import { stateText } from '../../observability/node-state.ts';
import { expectProgress } from '../../observability/state-log.ts';
import type { AuthrpcSettings, HttpSettings, WebSocketSettings } from '../../rpc/settings.ts';
import type { SyncResult } from '../../sync/sync.ts';
import { stateAdvice, withAdvice } from '../advice.ts';
import type { CommandContext } from '../context.ts';
import type { Settings } from '../flags/flags.ts';
import { rate } from '../rate.ts';
import { chainChoice, isExecuted } from './open-chain.ts';

/**
 * `devp2p-node run`: runs a node until a signal, a failure of its sync, or, with `--sync.exit`, the end of the sync.
 */
export async function run(context: CommandContext): Promise<void> {
  const { settings, logs, progress, print, signal } = context;
  const node = await createNode({
    datadir: settings.datadir,
    ...chainChoice(settings),
    networkId: settings.networkid,
    privateKey: privateKey(settings),
    host: settings.addr,
    port: settings.port,
    identity: settings.identity,
    ethVersions: settings['eth.versions'],
    externalIp: settings.nat.externalIp,
    nat: settings.nat.mapping,
    discovery: !settings.nodiscover,
    discoveryPort: settings['discovery.port'],
    bootnodes: settings.bootnodes,
    dnsLists: settings['discovery.dns'],
    netRestrict: settings.netrestrict,
    dialFound: !settings.nodial,
    requiredBlocks: settings['eth.requiredblocks'],
    sideBlockDepth: settings['chain.sideblocks'],
    execution: isExecuted(settings),
    stateHistory: settings['state.history'],
    staticNodes: settings.static,
    trustedNodes: settings.trusted,
    dialRatio: settings.dialratio,
    maxPeers: settings.maxpeers,
    maxPendingPeers: settings.maxpendpeers,
    http: settings.http ? httpSettings(settings) : undefined,
    ws: settings.ws ? webSocketSettings(settings) : undefined,
    authrpc: settings.authrpc === 'off' ? undefined : authrpcSettings(settings),
    metrics: settings.metrics ? { host: settings['metrics.addr'], port: settings['metrics.port'] } : undefined,
    syncTarget: settings['sync.target'],
    headPeers: settings['head.peers'],
    building: {
      gasTarget: settings['miner.gaslimit'],
      minTip: settings['miner.gasprice'],
      extraData: settings['miner.extradata'],
    },
    logs,
    report: progress.report,
    signal,
  }).catch((error: unknown) => {
    // Everything is closed in order, as after a later signal.
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  });
  if (node === undefined) return;
  let failed = false;
  const seconds = settings['sync.timeout'];
  const progressed = settings['sync.exit']
    ? expectProgress(() => node.state(), {
        idleTime: () => node.sync.idleTime,
        clock: systemClock,
        limit: seconds * 1_000,
        fail: (state) => {
          const text = withAdvice(stateText(state), stateAdvice(state));
          return new SyncError('no-progress', `no progress for ${seconds} s: ${text}`);
        },
      })
    : undefined;
  try {
    print(`enode=${node.enode}`);
    if (progressed !== undefined) {
      logs('node').info({ seconds }, 'ends once synced, or without progress after --sync.timeout');
    }
    node.on('synced', (result) => print(syncedLine(result)));
    const ends: Promise<unknown>[] = [aborted(signal), failure(node.sync.done), failureOf(node.chain.failed)];
    if (progressed !== undefined) {
      ends.push(new Promise((resolve) => node.once('synced', resolve)), progressed.failed);
    }
    await Promise.race(ends);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    progressed?.close();
    progress.close();
    await node.close().catch((error: unknown) => {
      // The error that ended the node goes first; a failed close often has the same cause.
      if (!failed) throw error;
      logs('node').error({ error }, 'failed to close');
    });
  }
}

function httpSettings(settings: Settings): HttpSettings {
  return {
    host: settings['http.addr'],
    port: settings['http.port'],
    apis: settings['http.api'],
    corsOrigins: settings['http.corsdomain'],
    virtualHosts: settings['http.vhosts'],
  };
}

function webSocketSettings(settings: Settings): WebSocketSettings {
  return {
    host: settings['ws.addr'],
    port: settings['ws.port'],
    apis: settings['ws.api'],
    origins: settings['ws.origins'],
  };
}

/** @throws NodeError `jwtsecret-invalid` */
function authrpcSettings(settings: Settings): AuthrpcSettings {
  const { 'authrpc.jwtsecret': file } = settings;
  return {
    host: settings['authrpc.addr'],
    port: settings['authrpc.port'],
    virtualHosts: settings['authrpc.vhosts'],
    jwtSecret: file === undefined ? undefined : openJwtSecret(file, 'name another with --authrpc.jwtsecret'),
    maxReorgDepth: settings['authrpc.maxreorgdepth'],
    optional: settings.authrpc === 'auto',
  };
}

function privateKey({ nodekey, nodekeyhex }: Settings): Uint8Array | undefined {
  if (nodekey !== undefined) return readNodeKey(nodekey, fastCrypto, 'name another with --nodekey');
  if (nodekeyhex !== undefined && !fastCrypto.secp256k1.isPrivateKey(nodekeyhex)) {
    throw new UsageError('invalid value for --nodekeyhex: not a private key of secp256k1');
  }
  return nodekeyhex;
}

function syncedLine({ number, hash, headers, blocks, headersTime, blocksTime }: SyncResult): string {
  const seconds = ((headersTime + blocksTime) / 1_000).toFixed(3);
  const rates = rate('headers', headers, headersTime) + rate('bodies', blocks, blocksTime);
  const work = headers + blocks > 0 ? ` seconds=${seconds}${rates}` : '';
  return `synced number=${number} hash=0x${toHex(hash)}${work}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Rejects with the promise, and never resolves. */
async function failure(promise: Promise<unknown>): Promise<never> {
  await promise;
  return new Promise(() => {});
}

/** Rejects with the error that the promise resolves with. */
async function failureOf(promise: Promise<Error>): Promise<never> {
  throw await promise;
}
