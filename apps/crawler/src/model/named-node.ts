import type { Enr } from '@devp2p/enr';
import type { Endpoint } from './node-record.ts';

/** A place where a node may be. */
export interface Hint {
  readonly endpoint: Endpoint;
  /** Whether the user says so, not another node. @default false */
  readonly stated?: boolean | undefined;
}

/** A node as a user, a list or another node names it. */
export interface Named {
  /** The id as hex. */
  readonly key: string;
  readonly id: Uint8Array;
  /** Absent when all there is of it is a record without an address. */
  readonly endpoint?: Endpoint | undefined;
  /** The node's own record, when that is what names it. */
  readonly enr?: Enr | undefined;
  /** Whether the user names it. @default false */
  readonly stated?: boolean | undefined;
}

/** A node that is named with a place. */
export interface Located extends Named {
  readonly endpoint: Endpoint;
}

/** Who names nodes. */
export interface Source {
  readonly ip: string;
  readonly key: string;
}
