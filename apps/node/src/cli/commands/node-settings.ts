import { UsageError } from '@devp2p/appkit/cli';
import { fastCrypto } from '@devp2p/crypto/fast';
import { readNodeKey } from '../../config/datadir.ts';
import { openJwtSecret } from '../../config/secrets/jwt-secret.ts';
import type { NodeSettings } from '../../node/options.ts';
import type { AuthrpcSettings, HttpSettings, WebSocketSettings } from '../../rpc/settings.ts';
import type { TxpoolSettings } from '../../txpool/settings.ts';
import type { Settings } from '../flags/flags.ts';
import { isExecuted } from './open-chain.ts';

/**
 * The options of a node that its flags set, without its directory and chain.
 *
 * @throws UsageError, NodeError
 */
export function nodeSettings(settings: Settings): Omit<NodeSettings, 'datadir'> {
  return {
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
    blockGossip: settings['eth.blockgossip'],
    requiredBlocks: settings['eth.requiredblocks'],
    sideBlockDepth: settings['chain.sideblocks'],
    transactionHistory: settings['history.transactions'],
    logHistory: settings['history.logs'],
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
    txpool: poolSettings(settings),
    building: {
      gasTarget: settings['miner.gaslimit'],
      minTip: settings['miner.gasprice'],
      extraData: settings['miner.extradata'],
    },
  };
}

function poolSettings(settings: Settings): TxpoolSettings {
  return {
    minTip: settings['txpool.pricelimit'],
    priceBump: settings['txpool.pricebump'],
    accountPending: settings['txpool.accountslots'],
    totalPending: settings['txpool.globalslots'],
    accountQueued: settings['txpool.accountqueue'],
    totalQueued: settings['txpool.globalqueue'],
    lifetime: settings['txpool.lifetime'],
    journal: settings['txpool.journal'],
    rejournal: settings['txpool.rejournal'],
    blobCapacity: settings['blobpool.datacap'],
    blobPriceBump: settings['blobpool.pricebump'],
  };
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
