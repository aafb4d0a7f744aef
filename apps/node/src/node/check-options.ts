import { networkNames } from '@devp2p/appkit/networks';
import {
  abortSignal,
  array,
  boolean,
  bytes,
  type Checker,
  createChecker,
  func,
  integer,
  methods,
  object,
  oneOf,
  type Rule,
  type Rules,
  required,
  secret,
  string,
  uint,
} from '@devp2p/options';
import type { BuildSettings } from '../engine/payload-builder.ts';
import { NodeError } from '../errors/node-error.ts';
import type { NatMethod } from '../nat/find.ts';
import type { MetricsSettings } from '../observability/metrics/server.ts';
import { type AuthrpcSettings, type HttpSettings, rpcApis, type WebSocketSettings } from '../rpc/settings.ts';
import type { TxpoolSettings } from '../txpool/settings.ts';
import type { NodeOptions } from './options.ts';

const check: Checker = createChecker(NodeError, 'invalid-option');

const port = integer(0, 65_535);
const history: Rule = {
  expected: 'a number of blocks or false',
  fits: (value) => value === false || integer(0).fits(value),
};
const requiredBlocks: Rule = {
  expected: 'a Map of block numbers to hashes of 32 bytes',
  fits: (value) =>
    value instanceof Map && [...value].every(([number, hash]) => integer(0).fits(number) && bytes(32).fits(hash)),
};

const rules: Rules<NodeOptions> = {
  genesis: string,
  network: oneOf(...networkNames),
  datadir: required(string),
  networkId: uint(64),
  privateKey: secret(bytes(32)),
  host: string,
  port,
  externalIp: string,
  nat: object,
  discovery: boolean,
  discoveryPort: port,
  bootnodes: array,
  dnsLists: array,
  netRestrict: array,
  identity: string,
  ethVersions: array,
  blockGossip: boolean,
  makesBlocks: boolean,
  requiredBlocks,
  sideBlockDepth: integer(0),
  transactionHistory: history,
  logHistory: history,
  execution: boolean,
  stateHistory: integer(1),
  executionThreads: boolean,
  staticNodes: array,
  dialFound: boolean,
  trustedNodes: array,
  maxPeers: integer(0),
  dialRatio: integer(1),
  maxPendingPeers: integer(1),
  http: object,
  ws: object,
  authrpc: object,
  metrics: object,
  syncTarget: bytes(32),
  headPeers: integer(1, 64),
  txpool: object,
  building: object,
  logs: func,
  report: func,
  signal: abortSignal,
  resolveTxt: func,
  localNetwork: object,
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/** Networks whose peers decide about the head of a public network, at least. */
const minPublicHeadPeers = 3;

const natRules: Rules<NatMethod> = {
  method: required(oneOf('any', 'upnp', 'pmp')),
  gateway: string,
};
const httpRules: Rules<HttpSettings> = {
  host: string,
  port,
  apis: array,
  corsOrigins: array,
  virtualHosts: array,
};
const wsRules: Rules<WebSocketSettings> = { host: string, port, apis: array, origins: array };
const authrpcRules: Rules<AuthrpcSettings> = {
  host: string,
  port,
  virtualHosts: array,
  // Its length has an error of its own.
  jwtSecret: secret(bytes()),
  maxReorgDepth: integer(0),
  optional: boolean,
};
const buildRules: Rules<BuildSettings> = {
  gasTarget: integer(5_000),
  extraData: {
    expected: 'at most 32 bytes',
    fits: (value) => value instanceof Uint8Array && value.length <= 32,
  },
  minTip: uint(256),
  transactions: methods('pending', 'sidecar'),
};
const txpoolRules: Rules<TxpoolSettings> = {
  minTip: uint(256),
  priceBump: integer(1),
  accountPending: integer(1),
  totalPending: integer(1),
  accountQueued: integer(1),
  totalQueued: integer(1),
  lifetime: integer(1),
  blobCapacity: integer(0),
  blobPriceBump: integer(1),
  journal: boolean,
  rejournal: integer(1_000),
};
const metricsRules: Rules<MetricsSettings> = { host: string, port };

const namedNode: Rule = {
  expected: 'an enode URL or Enode',
  fits: (value) => string.fits(value) || object.fits(value),
};
const api = oneOf(...rpcApis);

/**
 * Checks the options of `createNode`, before any resource is opened.
 *
 * @throws NodeError `invalid-option`
 */
export function checkNodeOptions(options: NodeOptions): void {
  check.options('createNode', options, rules);
  const { genesis, network, nat, http, ws, authrpc, metrics, headPeers } = options;
  if ((genesis === undefined) === (network === undefined)) {
    check.fail('genesis', genesis, 'either genesis or network to be given');
  }
  if (network !== undefined && headPeers !== undefined && headPeers < minPublicHeadPeers) {
    check.fail('headPeers', headPeers, `at least ${minPublicHeadPeers} on a public network`);
  }
  if (headPeers !== undefined && options.syncTarget !== undefined) {
    check.fail('headPeers', headPeers, 'not both headPeers and syncTarget');
  }
  if (options.blockGossip && network !== undefined) {
    check.fail('blockGossip', true, 'false on a public network, whose blocks come from its consensus layer');
  }
  checkGroup('nat', nat, natRules);
  checkGroup('http', http, httpRules);
  checkGroup('ws', ws, wsRules);
  checkGroup('authrpc', authrpc, authrpcRules);
  checkGroup('metrics', metrics, metricsRules);
  checkGroup('txpool', options.txpool, txpoolRules);
  checkGroup('building', options.building, buildRules);
  checkList('bootnodes', options.bootnodes, string);
  checkList('dnsLists', options.dnsLists, string);
  checkList('netRestrict', options.netRestrict, object);
  checkList('ethVersions', options.ethVersions, integer(0));
  checkList('staticNodes', options.staticNodes, namedNode);
  checkList('trustedNodes', options.trustedNodes, namedNode);
  checkList('http.apis', http?.apis, api);
  checkList('http.corsOrigins', http?.corsOrigins, string);
  checkList('http.virtualHosts', http?.virtualHosts, string);
  checkList('ws.apis', ws?.apis, api);
  checkList('ws.origins', ws?.origins, string);
  checkList('authrpc.virtualHosts', authrpc?.virtualHosts, string);
}

function checkGroup<Group extends object>(name: string, group: Group | undefined, rules: Rules<Group>): void {
  if (group === undefined) return;
  // `fields` names a value `http.port`; `options` refuses names without a rule.
  check.fields(name, group, rules);
  check.options(name, group, rules);
}

function checkList(name: string, values: readonly unknown[] | undefined, rule: Rule): void {
  if (values !== undefined) check.elements(name, values, rule);
}
