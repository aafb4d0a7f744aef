import { type ExportFormat, exportFormats } from '../../export/export.ts';
import type { ChainFilter } from '../../model/chain-filter.ts';
import { type NetworkName, networkNames } from '../../model/networks.ts';
import { type NodeStatus, statuses } from '../../model/node-record.ts';
import * as value from './values.ts';

/** Which chain is asked for. */
export interface ChainSettings {
  network?: NetworkName;
  networkid?: bigint;
  genesis?: Uint8Array;
  forkid?: NonNullable<ChainFilter['forkId']>;
}

/** Who we are to others. */
interface SocketSettings {
  addr?: string;
  port: number;
  nodekey?: string;
}

/** Settings of `crawl` under the names of their flags. Times are in milliseconds. */
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
export interface Flag<T> {
  /** Heading in the help. */
  readonly group: string;
  /** What stands for the value in the help; a flag without it is a switch. */
  readonly value?: string;
  readonly help: string;
  /** As one would type it. @default the setting is absent, and that of a switch `false` */
  readonly default?: string;
  /** Throws an `Error` that says what was expected. */
  parse(text: string): T;
}

/** The flags of a command. */
export type Flags<S> = { readonly [Name in keyof S]-?: Flag<NonNullable<S[Name]>> };

function onOff(group: string, help: string): Flag<boolean> {
  return { group, help, parse: () => true };
}

const chain: Flags<ChainSettings> = {
  network: {
    ...{ group: 'Chain', value: 'NAME', parse: value.oneOf(...networkNames) },
    help: 'mainnet, sepolia or hoodi: whose nodes are meant, and where to begin',
  },
  networkid: {
    ...{ group: 'Chain', value: 'N', parse: value.unsigned64 },
    help: 'only nodes with this network id are meant (any)',
  },
  genesis: {
    ...{ group: 'Chain', value: 'HASH', parse: value.genesisHash },
    help: 'only nodes with the genesis block of this hash (any)',
  },
  forkid: {
    ...{ group: 'Chain', value: 'HASH[/NEXT]', parse: value.forkId },
    help: 'only nodes with this fork id (any)',
  },
};

const socket: Flags<SocketSettings> = {
  addr: {
    ...{ group: 'Network', value: 'IP', parse: value.ip },
    help: 'address to send from and listen on (all)',
  },
  port: {
    ...{ group: 'Network', value: 'PORT', default: '0', parse: value.count(0, 65_535) },
    help: 'UDP port to listen on; 0 takes a free one',
  },
  nodekey: {
    ...{ group: 'Network', value: 'FILE', parse: value.path },
    help: 'file with our private key',
  },
};

const datadir: Flag<string> = {
  ...{ group: 'Data', value: 'DIR', default: './devp2p-crawl', parse: value.path },
  help: 'where the crawl is kept',
};

export const crawlFlags: Flags<CrawlSettings> = {
  datadir,
  keep: {
    ...{ group: 'Data', value: 'N', parse: value.count(1, 100_000) },
    help: 'visits of each node that are kept (32)',
  },
  bootnodes: {
    ...{ group: 'Where to begin', value: 'NODES', parse: value.bootnodes },
    help: "enodes or ENRs, comma-separated (the network's)",
  },
  dns: {
    ...{ group: 'Where to begin', value: 'URLS', parse: value.lists },
    help: "enrtree:// lists of nodes, comma-separated (the network's)",
  },
  ...chain,
  once: onOff('Pace', 'end when every node that was found has been visited'),
  timeout: {
    ...{ group: 'Pace', value: 'TIME', parse: value.duration },
    help: 'end after so long: seconds, or 90s, 30m, 1h30m (never)',
  },
  interval: {
    ...{ group: 'Pace', value: 'TIME', parse: value.duration },
    help: 'between two visits of a node that answers (30m)',
  },
  rate: {
    ...{ group: 'Pace', value: 'N', parse: value.rate },
    help: 'most connections opened in a second (400)',
  },
  'rate.packets': {
    ...{ group: 'Pace', value: 'N', parse: value.rate },
    help: 'most questions over UDP in a second (4000)',
  },
  ...socket,
  metrics: onOff('Metrics', 'serve metrics for Prometheus over HTTP, under /metrics'),
  'metrics.addr': {
    ...{ group: 'Metrics', value: 'IP', default: '127.0.0.1', parse: value.ip },
    help: 'address to serve them on',
  },
  'metrics.port': {
    ...{ group: 'Metrics', value: 'PORT', default: '6060', parse: value.count(0, 65_535) },
    help: 'TCP port to serve them on; 0 takes a free one',
  },
};

export const exportFlags: Flags<ExportSettings> = {
  datadir,
  format: {
    ...{ group: 'Export', value: 'FORMAT', default: 'ndjson' },
    ...{ help: "ndjson, csv, or nodes.json for go-ethereum's devp2p tool" },
    parse: value.oneOf(...exportFormats),
  },
  status: {
    ...{ group: 'Export', value: 'STEP', default: 'discovered', parse: value.oneOf(...statuses) },
    help: 'only nodes that got at least that far',
  },
  output: {
    ...{ group: 'Export', value: 'FILE', parse: value.path },
    help: 'where to write, - for standard output (standard output)',
  },
};

export const checkFlags: Flags<CheckSettings> = {
  json: onOff('Check', 'one JSON object instead of text'),
  timeout: {
    ...{ group: 'Check', value: 'TIME', default: '60s', parse: value.duration },
    help: 'give up after so long',
  },
  ...chain,
  ...socket,
};
