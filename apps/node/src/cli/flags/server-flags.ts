import { filePath, integerBetween, ipAddress, trueOrFalse } from '@devp2p/appkit/cli';
import type { RpcApi } from '../../rpc/settings.ts';
import { asks, type FlagsOf, follows, runs } from './flag.ts';
import { apis, extraData, hostNames, onOffAuto, origins, type Switch, wei } from './values.ts';

/** Flags of JSON-RPC and metrics. */
export interface ServerSettings {
  http: boolean;
  'http.addr': string;
  'http.port': number;
  'http.api': readonly RpcApi[];
  'http.corsdomain': readonly string[];
  'http.vhosts': readonly string[];
  ws: boolean;
  'ws.addr': string;
  'ws.port': number;
  'ws.api': readonly RpcApi[];
  'ws.origins': readonly string[];
  metrics: boolean;
  'metrics.addr': string;
  'metrics.port': number;
  authrpc: Switch;
  'authrpc.addr': string;
  'authrpc.port': number;
  'authrpc.vhosts': readonly string[];
  'authrpc.jwtsecret'?: string;
  'authrpc.maxreorgdepth': number;
  'miner.gaslimit': number;
  'miner.gasprice': bigint;
  'miner.extradata'?: Uint8Array;
}

export const serverFlags: FlagsOf<ServerSettings> = {
  http: {
    group: 'Operator',
    help: 'serve JSON-RPC over HTTP, and /health',
    commands: runs,
    parse: trueOrFalse,
  },
  'http.addr': {
    group: 'Operator',
    value: 'IP',
    default: '127.0.0.1',
    help: 'address to serve it on',
    commands: asks,
    parse: ipAddress,
  },
  'http.port': {
    group: 'Operator',
    value: 'PORT',
    default: '8545',
    help: 'TCP port to serve it on; 0 selects a free one',
    commands: asks,
    parse: integerBetween(0, 65_535),
  },
  'http.api': {
    group: 'Operator',
    value: 'LIST',
    default: 'eth,net,web3',
    help: 'served namespaces: admin, debug, eth, net, txpool, web3',
    commands: runs,
    parse: apis,
  },
  'http.corsdomain': {
    group: 'Operator',
    value: 'LIST',
    help: 'origins whose pages may send requests; * for any (none)',
    commands: runs,
    many: true,
    parse: origins,
  },
  'http.vhosts': {
    group: 'Operator',
    value: 'LIST',
    default: 'localhost',
    help: 'accepted host names; * for any',
    commands: runs,
    parse: hostNames,
  },
  ws: {
    group: 'Operator',
    help: 'serve JSON-RPC over WebSocket',
    commands: runs,
    parse: trueOrFalse,
  },
  'ws.addr': {
    group: 'Operator',
    value: 'IP',
    default: '127.0.0.1',
    help: 'address to serve it on',
    commands: runs,
    parse: ipAddress,
  },
  'ws.port': {
    group: 'Operator',
    value: 'PORT',
    default: '8546',
    help: 'TCP port to serve it on, can be that of HTTP; 0 selects one',
    commands: runs,
    parse: integerBetween(0, 65_535),
  },
  'ws.api': {
    group: 'Operator',
    value: 'LIST',
    default: 'eth,net,web3',
    help: 'served namespaces: admin, debug, eth, net, txpool, web3',
    commands: runs,
    parse: apis,
  },
  'ws.origins': {
    group: 'Operator',
    value: 'LIST',
    help: "origins whose pages may connect; * for any (this machine's)",
    commands: runs,
    many: true,
    parse: origins,
  },
  metrics: {
    group: 'Operator',
    help: 'serve metrics for Prometheus over HTTP, and /health',
    commands: runs,
    parse: trueOrFalse,
  },
  'metrics.addr': {
    group: 'Operator',
    value: 'IP',
    default: '127.0.0.1',
    help: 'address to serve them on',
    commands: runs,
    parse: ipAddress,
  },
  'metrics.port': {
    group: 'Operator',
    value: 'PORT',
    default: '6060',
    help: 'TCP port to serve them on; 0 selects a free one',
    commands: runs,
    parse: integerBetween(0, 65_535),
  },
  authrpc: {
    group: 'Consensus client',
    default: 'auto',
    negatable: true,
    help: 'serve the Engine API, if the port is free; --no-authrpc: do not',
    commands: follows,
    parse: onOffAuto,
  },
  'authrpc.addr': {
    group: 'Consensus client',
    value: 'IP',
    default: '127.0.0.1',
    help: 'address to serve it on',
    commands: follows,
    parse: ipAddress,
  },
  'authrpc.port': {
    group: 'Consensus client',
    value: 'PORT',
    default: '8551',
    help: 'TCP port to serve it on; 0 selects a free one',
    commands: follows,
    parse: integerBetween(0, 65_535),
  },
  'authrpc.vhosts': {
    group: 'Consensus client',
    value: 'LIST',
    default: 'localhost',
    help: 'accepted host names; * for any',
    commands: follows,
    parse: hostNames,
  },
  'authrpc.jwtsecret': {
    group: 'Consensus client',
    value: 'FILE',
    help: 'file with the secret, created if it is missing (DIR/jwtsecret)',
    commands: follows,
    parse: filePath,
  },
  'authrpc.maxreorgdepth': {
    group: 'Consensus client',
    value: 'N',
    default: '32',
    help: 'maximum depth of a reorganization by the client; 0 for no limit',
    commands: follows,
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
  },
  'miner.gaslimit': {
    group: 'Consensus client',
    value: 'N',
    default: '60000000',
    help: 'target of the gas limit of blocks before Amsterdam',
    commands: follows,
    parse: integerBetween(5_000, Number.MAX_SAFE_INTEGER),
  },
  'miner.gasprice': {
    group: 'Consensus client',
    value: 'WEI',
    default: '1000000',
    help: 'lowest tip of transactions in built blocks, per gas',
    commands: follows,
    parse: wei,
  },
  'miner.extradata': {
    group: 'Consensus client',
    value: 'HEX',
    help: 'extra data of built blocks, up to 32 bytes (none)',
    commands: follows,
    parse: extraData,
  },
};
