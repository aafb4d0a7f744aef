import { type BaseFlag, filePath, integerBetween, ipAddress, oneOf, trueOrFalse } from '@devp2p/appkit/cli';
import { type ExportFormat, exportFormats } from '../../export/export.ts';
import type { ChainFilter } from '../../model/chain-filter.ts';
import { type NetworkName, networkNames } from '../../model/networks.ts';
import { type NodeStatus, statuses } from '../../model/node-record.ts';
import * as value from './values.ts';

/** The requested chain. */
export interface ChainSettings {
  network?: NetworkName;
  networkid?: bigint;
  genesis?: Uint8Array;
  forkid?: NonNullable<ChainFilter['forkId']>;
}

/** The crawler's own address and key. */
interface SocketSettings {
  addr?: string;
  port: number;
  nodekey?: string;
}

/** Settings of `crawl`, named like their flags. Times are in milliseconds. */
export interface CrawlSettings extends ChainSettings, SocketSettings {
  datadir: string;
  bootnodes?: readonly string[];
  dns?: readonly string[];
  once: boolean;
  timeout?: number;
  interval?: number;
  rate?: number;
  'rate.packets'?: number;
  keep?: number;
  metrics: boolean;
  'metrics.addr': string;
  'metrics.port': number;
}

/** Settings of `export`. */
export interface ExportSettings {
  datadir: string;
  format: ExportFormat;
  status: NodeStatus;
  output?: string;
}

/** Settings of `check`. */
export interface CheckSettings extends ChainSettings, SocketSettings {
  json: boolean;
  timeout: number;
}

/** One flag. */
export interface Flag<T> extends BaseFlag {
  /** Heading in `--help`. */
  readonly group: string;
  /** Throws an `Error` with the expected form. */
  parse(text: string): T;
}

/** The flags of a command. */
export type Flags<S> = { readonly [Name in keyof S]-?: Flag<NonNullable<S[Name]>> };

function toggle(group: string, help: string): Flag<boolean> {
  return { group, help, parse: trueOrFalse };
}

const chain: Flags<ChainSettings> = {
  network: {
    group: 'Chain',
    value: 'NAME',
    parse: oneOf(...networkNames),
    help: 'mainnet, sepolia or hoodi: requested chain, boot nodes and DNS lists',
  },
  networkid: {
    group: 'Chain',
    value: 'N',
    parse: value.unsigned64,
    help: 'requested network id (any)',
  },
  genesis: {
    group: 'Chain',
    value: 'HASH',
    parse: value.genesisHash,
    help: 'requested genesis block hash (any)',
  },
  forkid: {
    group: 'Chain',
    value: 'HASH[/NEXT]',
    parse: value.forkId,
    help: 'requested fork id (any)',
  },
};

const socket: Flags<SocketSettings> = {
  addr: {
    group: 'Network',
    value: 'IP',
    parse: ipAddress,
    help: 'address to send from and listen on (all)',
  },
  port: {
    group: 'Network',
    value: 'PORT',
    default: '0',
    parse: integerBetween(0, 65_535),
    help: 'UDP port to listen on; 0 selects a free one',
  },
  nodekey: {
    group: 'Network',
    value: 'FILE',
    parse: filePath,
    help: 'file with the private key of the crawler',
  },
};

const datadir: Flag<string> = {
  group: 'Data',
  value: 'DIR',
  default: './devp2p-crawl',
  parse: filePath,
  help: 'directory of the crawl',
};

export const crawlFlags: Flags<CrawlSettings> = {
  datadir,
  keep: {
    group: 'Data',
    value: 'N',
    parse: integerBetween(1, 100_000),
    help: 'stored visits of each node (32)',
  },
  bootnodes: {
    group: 'Start',
    value: 'NODES',
    parse: value.bootnodes,
    help: "enodes or ENRs, comma-separated (the network's)",
  },
  dns: {
    group: 'Start',
    value: 'URLS',
    parse: value.lists,
    help: "enrtree:// lists of nodes, comma-separated (the network's)",
  },
  ...chain,
  once: toggle('Schedule', 'end when all found nodes have been visited'),
  timeout: {
    group: 'Schedule',
    value: 'TIME',
    parse: value.duration,
    help: 'end after this time: seconds, or 90s, 30m, 1h30m (never)',
  },
  interval: {
    group: 'Schedule',
    value: 'TIME',
    parse: value.duration,
    help: 'time between two visits of a node that answers (30m)',
  },
  rate: {
    group: 'Schedule',
    value: 'N',
    parse: value.rate,
    help: 'maximum dials per second (400)',
  },
  'rate.packets': {
    group: 'Schedule',
    value: 'N',
    parse: value.rate,
    help: 'maximum UDP requests per second (4000)',
  },
  ...socket,
  metrics: toggle('Metrics', 'serve Prometheus metrics over HTTP, under /metrics'),
  'metrics.addr': {
    group: 'Metrics',
    value: 'IP',
    default: '127.0.0.1',
    parse: ipAddress,
    help: 'address of the metrics server',
  },
  'metrics.port': {
    group: 'Metrics',
    value: 'PORT',
    default: '6060',
    parse: integerBetween(0, 65_535),
    help: 'TCP port of the metrics server; 0 selects a free one',
  },
};

export const exportFlags: Flags<ExportSettings> = {
  datadir,
  format: {
    group: 'Export',
    value: 'FORMAT',
    default: 'ndjson',
    parse: oneOf(...exportFormats),
    help: "ndjson, csv, or nodes.json for go-ethereum's devp2p tool",
  },
  status: {
    group: 'Export',
    value: 'STEP',
    default: 'discovered',
    parse: oneOf(...statuses),
    help: 'only nodes that reached this step',
  },
  output: {
    group: 'Export',
    value: 'FILE',
    parse: filePath,
    help: 'file to write, - for standard output (standard output)',
  },
};

export const checkFlags: Flags<CheckSettings> = {
  json: toggle('Check', 'print one JSON object instead of text'),
  timeout: {
    group: 'Check',
    value: 'TIME',
    default: '60s',
    parse: value.duration,
    help: 'give up after this time',
  },
  ...chain,
  ...socket,
};
