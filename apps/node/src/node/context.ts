import { type Clock, systemClock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { type Logs, silentLogs } from '../logging/log.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { NodeOptions } from './options.ts';

/** Options and collaborators that every step of opening a node uses. */
export interface NodeContext {
  readonly options: NodeOptions;
  /** IP address to listen on. */
  readonly host: string;
  /** Whether nodes are discovered. */
  readonly hasDiscovery: boolean;
  readonly lifecycle: Lifecycle;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logs: Logs;
}

/** Fills in the defaults. */
export function createContext(options: NodeOptions, lifecycle: Lifecycle): NodeContext {
  return {
    options,
    host: options.host ?? '0.0.0.0',
    hasDiscovery: options.discovery ?? true,
    lifecycle,
    crypto: options.crypto ?? fastCrypto,
    clock: options.clock ?? systemClock,
    random: options.random ?? randomBytes,
    logs: options.logs ?? silentLogs,
  };
}
