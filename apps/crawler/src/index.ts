/// <reference types="node" preserve="true" />

export type { ChainFilter } from './chain-filter.ts';
export { type Checked, type CheckOptions, checkNode } from './check.ts';
export { type ClientName, parseClientName } from './client-name.ts';
export { type Crawler, createCrawler, type Progress } from './crawler.ts';
export { CrawlerError, type CrawlerErrorCode } from './error.ts';
export {
  type ExportCounts,
  type ExportFormat,
  type ExportOptions,
  exportNodes,
} from './export/export.ts';
export { type LevelStoreOptions, openLevelStore } from './level-store/level-store.ts';
export { memoryStore } from './memory-store.ts';
export { type Network, type NetworkName, networks } from './networks.ts';
export {
  type Endpoint,
  type EthStatus,
  hasReached,
  type NodeRecord,
  type NodeStatus,
  type RoundTrips,
  statuses,
  type Trust,
  type Visit,
} from './node-record.ts';
export type { CrawlerOptions, VisitSettings } from './options.ts';
export type { CrawlBatch, CrawlSession, CrawlStore, Rollup } from './store.ts';
