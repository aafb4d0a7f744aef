/// <reference types="node" preserve="true" />

export { type Crawler, createCrawler } from './crawl/crawler.ts';
export type { CrawlerOptions, RunOptions } from './crawl/options.ts';
export type { Progress } from './crawl/progress.ts';
export {
  type ExportCounts,
  type ExportFormat,
  type ExportOptions,
  exportNodes,
} from './export/export.ts';
export type { ChainFilter } from './model/chain-filter.ts';
export { type ClientName, parseClientName } from './model/client-name.ts';
export { CrawlerError, type CrawlerErrorCode, type CrawlerErrorData } from './model/error.ts';
export { type Network, type NetworkName, networks } from './model/networks.ts';
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
  type VisitStep,
} from './model/node-record.ts';
export { type LevelStoreOptions, openLevelStore } from './store/level/level-store.ts';
export { createMemoryStore } from './store/memory-store.ts';
export type {
  CrawlBatch,
  CrawlSession,
  CrawlStore,
  ReportedNeighbors,
  Rollup,
} from './store/store.ts';
export { type CheckOptions, type CheckResult, checkNode } from './visit/check-node.ts';
export type { VisitSettings } from './visit/options.ts';
