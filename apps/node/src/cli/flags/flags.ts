import { filePath, integerBetween, ipAddress, oneOf, trueOrFalse } from '@devp2p/appkit/cli';
import { type NetworkName, networkNames } from '@devp2p/appkit/networks';
import type { Enode } from '@devp2p/enr';
import type { IpRange } from '@devp2p/ip';
import type { RequiredBlocks } from '../../chain/required-blocks.ts';
import { parseVerbosity, type Verbosity } from '../../logging/log.ts';
import { checks, develops, type FlagsOf, follows, runs } from './flag.ts';
import { type PoolSettings, poolFlags } from './pool-flags.ts';
import { type ServerSettings, serverFlags } from './server-flags.ts';
import {
  bootnodes,
  enodes,
  ethVersions,
  hexOf,
  historyLength,
  identity,
  ipRanges,
  type Nat,
  nat,
  networkId,
  requiredBlocks,
  treeUrls,
} from './values.ts';

/** Every setting of the program under the name of its flag. */
export interface Settings extends ServerSettings, PoolSettings {
  /** Empty for a temporary one. */
  datadir: string;
  genesis?: string;
  network?: NetworkName;
  networkid?: bigint;
  'chain.sideblocks': number;
  exec: boolean;
  'state.history': number;
  'history.transactions': number | false;
  'history.logs': number | false;
  port: number;
  addr: string;
  nodekey?: string;
  nodekeyhex?: Uint8Array;
  identity?: string;
  nat: Nat;
  'eth.versions': readonly number[];
  'eth.requiredblocks': RequiredBlocks;
  'eth.blockgossip': boolean;
  bootnodes?: readonly string[];
  nodiscover: boolean;
  nodial: boolean;
  'discovery.port'?: number;
  'discovery.dns'?: readonly string[];
  netrestrict?: readonly IpRange[];
  static: readonly Enode[];
  trusted: readonly Enode[];
  dialratio: number;
  maxpeers: number;
  maxpendpeers: number;
  'sync.target'?: Uint8Array;
  'sync.full': boolean;
  'head.peers'?: number;
  'sync.exit': boolean;
  'sync.timeout': number;
  period?: number;
  accounts: number;
  load: number;
  'dev.public': boolean;
  first: number;
  last?: number;
  receipts: boolean;
  verbosity: Verbosity;
  'log.json': boolean;
  config?: string;
  help: boolean;
  version: boolean;
}

export const flags: FlagsOf<Settings> = {
  datadir: {
    group: 'Chain',
    value: 'DIR',
    default: './devp2p-data',
    help: 'directory of key and databases; dev: a temporary one',
    parse: filePath,
  },
  genesis: {
    group: 'Chain',
    value: 'FILE',
    help: "the chain's genesis.json, in go-ethereum's format",
    parse: filePath,
  },
  network: {
    group: 'Chain',
    value: 'NAME',
    help: 'mainnet, sepolia or hoodi, in place of a genesis',
    commands: ['run', 'import', 'export', 'status'],
    parse: oneOf(...networkNames),
  },
  networkid: {
    group: 'Chain',
    value: 'N',
    help: "network id sent to peers (the genesis' chain id)",
    commands: follows,
    parse: networkId,
  },
  'chain.sideblocks': {
    group: 'Chain',
    value: 'N',
    default: '128',
    help: 'depth up to which blocks of replaced branches are kept',
    commands: checks,
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
  },
  exec: {
    group: 'Chain',
    default: 'true',
    negatable: true,
    help: 'execute blocks; --no-exec: do not, and take receipts from peers',
    commands: checks,
    parse: trueOrFalse,
  },
  'state.history': {
    group: 'Chain',
    value: 'N',
    default: '128',
    help: 'blocks that the state can go back without executing any',
    commands: checks,
    parse: integerBetween(1, 1_000_000),
  },
  'history.transactions': {
    group: 'Chain',
    value: 'N',
    default: '2350000',
    help: 'recent blocks with transactions by hash; 0: all, or off',
    commands: checks,
    parse: historyLength,
  },
  'history.logs': {
    group: 'Chain',
    value: 'N',
    default: '2350000',
    help: 'recent blocks with an index of logs; 0: all, or off',
    commands: checks,
    parse: historyLength,
  },
  port: {
    group: 'Network',
    value: 'PORT',
    default: '30303',
    help: 'TCP port to listen on; 0 selects a free one',
    commands: runs,
    parse: integerBetween(0, 65_535),
  },
  addr: {
    group: 'Network',
    value: 'IP',
    default: '0.0.0.0',
    help: 'address to listen on; dev: 127.0.0.1',
    commands: runs,
    parse: ipAddress,
  },
  nodekey: {
    group: 'Network',
    value: 'FILE',
    help: "file with the node's private key (DIR/nodekey)",
    commands: runs,
    parse: filePath,
  },
  nodekeyhex: {
    group: 'Network',
    value: 'HEX',
    help: "the node's private key itself",
    commands: runs,
    secret: true,
    parse: hexOf(32),
  },
  identity: {
    group: 'Network',
    value: 'NAME',
    help: 'name within the client id',
    commands: runs,
    parse: identity,
  },
  'eth.versions': {
    group: 'Network',
    value: 'LIST',
    default: '70,69',
    help: 'versions of the eth protocol to offer, of 70, 69 and 68',
    commands: runs,
    parse: ethVersions,
  },
  'eth.requiredblocks': {
    group: 'Peers',
    value: 'LIST',
    help: 'NUMBER=HASH, comma-separated: other chains are refused',
    commands: checks,
    many: true,
    parse: requiredBlocks,
  },
  'eth.blockgossip': {
    group: 'Network',
    help: 'exchange new blocks, and follow the longest chain',
    commands: follows,
    parse: trueOrFalse,
  },
  nat: {
    group: 'Network',
    value: 'METHOD',
    default: 'none',
    help: 'none, any, upnp, pmp, pmp:IP to map ports by a gateway, extip:IP',
    commands: runs,
    parse: nat,
  },
  bootnodes: {
    group: 'Discovery',
    value: 'NODES',
    help: "enodes or ENRs to find others through, comma-separated (the network's)",
    commands: runs,
    parse: bootnodes,
  },
  'discovery.dns': {
    group: 'Discovery',
    value: 'URLS',
    help: "enrtree:// lists of nodes, comma-separated (the network's)",
    commands: runs,
    parse: treeUrls,
  },
  'discovery.port': {
    group: 'Discovery',
    value: 'PORT',
    help: 'UDP port to listen on; 0 selects a free one (the TCP port)',
    commands: runs,
    parse: integerBetween(0, 65_535),
  },
  netrestrict: {
    group: 'Discovery',
    value: 'CIDRS',
    help: 'only networks to discover and accept nodes in, comma-separated',
    commands: runs,
    parse: ipRanges,
  },
  nodiscover: {
    group: 'Discovery',
    help: 'neither find nodes nor be found',
    commands: runs,
    parse: trueOrFalse,
  },
  nodial: {
    group: 'Peers',
    help: 'dial static nodes only; others may find and dial this node',
    commands: runs,
    parse: trueOrFalse,
  },
  static: {
    group: 'Peers',
    value: 'ENODES',
    help: 'nodes to stay connected to, comma-separated',
    commands: runs,
    many: true,
    parse: enodes,
  },
  trusted: {
    group: 'Peers',
    value: 'ENODES',
    help: 'nodes to accept beyond the limits, comma-separated',
    commands: runs,
    many: true,
    parse: enodes,
  },
  dialratio: {
    group: 'Peers',
    value: 'N',
    default: '3',
    help: 'one peer in N is dialed, the others are inbound',
    commands: runs,
    parse: integerBetween(1, 10_000),
  },
  maxpeers: {
    group: 'Peers',
    value: 'N',
    default: '50',
    help: 'maximum number of peers, without static and trusted ones',
    commands: runs,
    parse: integerBetween(0, 10_000),
  },
  maxpendpeers: {
    group: 'Peers',
    value: 'N',
    default: '50',
    help: 'maximum number of unfinished inbound handshakes',
    commands: runs,
    parse: integerBetween(1, 10_000),
  },
  'sync.target': {
    group: 'Sync',
    value: 'HASH',
    help: 'block to sync to (from a consensus client or --static)',
    commands: follows,
    parse: hexOf(32),
  },
  'sync.full': {
    group: 'Sync',
    help: 'with --network: execute all blocks from its genesis on; without, none',
    commands: checks,
    parse: trueOrFalse,
  },
  'head.peers': {
    group: 'Sync',
    value: 'N',
    help: 'take as head what peers in N networks serve (see README)',
    commands: follows,
    parse: integerBetween(1, 64),
  },
  'sync.exit': {
    group: 'Sync',
    help: 'exit with code 0 once synced to the target (see --sync.target)',
    commands: follows,
    parse: trueOrFalse,
  },
  'sync.timeout': {
    group: 'Sync',
    value: 'SECONDS',
    default: '300',
    help: 'time without progress after which --sync.exit exits with code 1',
    commands: follows,
    parse: integerBetween(1, 1_000_000),
  },
  ...poolFlags,
  ...serverFlags,
  period: {
    group: 'Development chain',
    value: 'SECONDS',
    help: 'time between two blocks (0: a block once there are transactions)',
    commands: develops,
    parse: integerBetween(0, 86_400),
  },
  accounts: {
    group: 'Development chain',
    value: 'N',
    default: '10',
    help: 'number of accounts with ether, whose keys are public',
    commands: develops,
    parse: integerBetween(1, 1_000),
  },
  load: {
    group: 'Development chain',
    value: 'N',
    default: '0',
    help: 'transactions that are made per second',
    commands: develops,
    parse: integerBetween(0, 10_000),
  },
  'dev.public': {
    group: 'Development chain',
    help: 'allow addresses other than loopback to listen on',
    commands: develops,
    parse: trueOrFalse,
  },
  first: {
    group: 'Export',
    value: 'N',
    default: '1',
    help: 'first block to write',
    commands: ['export'],
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
  },
  last: {
    group: 'Export',
    value: 'N',
    help: "last block to write (the chain's head)",
    commands: ['export'],
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
  },
  receipts: {
    group: 'Export',
    help: 'write the receipts of the blocks instead, in a format for import',
    commands: ['export'],
    parse: trueOrFalse,
  },
  verbosity: {
    group: 'Program',
    value: 'LEVEL',
    default: 'info',
    help: 'silent, error, warn, info, debug, trace; 0 to 5; module=level',
    many: true,
    parse: parseVerbosity,
  },
  'log.json': { group: 'Program', help: 'log lines as JSON', parse: trueOrFalse },
  config: {
    group: 'Program',
    value: 'FILE',
    help: 'settings as TOML; flags and environment take precedence',
    parse: filePath,
  },
  help: {
    group: 'Program',
    short: 'h',
    help: 'show this help',
    commandLineOnly: true,
    parse: trueOrFalse,
  },
  version: {
    group: 'Program',
    short: 'v',
    help: 'show the version',
    commandLineOnly: true,
    parse: trueOrFalse,
  },
};
