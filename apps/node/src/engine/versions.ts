import { RpcError } from '../rpc/transport/rpc-error.ts';
import type { ChainConfig, TimeFork } from '../validation/chain-config.ts';

/** The forks of a version of a method. */
export interface VersionForks {
  /** First fork. @default the merge */
  readonly from?: TimeFork;
  /** The fork that ends it. @default none */
  readonly until?: TimeFork;
}

/** A version of a method: its forks, and the fields that its structure adds to those of the first version. */
export interface Version<Field extends string> extends VersionForks {
  /** In a version for two forks the fields depend on the fork, so the fork is checked first. */
  readonly fields: readonly Field[] | { readonly since: TimeFork; readonly fields: readonly Field[] };
  /** Whether fields of later forks are checked after the fork, as go-ethereum does in one place. @default before it */
  readonly surplusLast?: true;
}

/** A structure with a timestamp, which decides about its fork. */
export interface Timed {
  readonly timestamp: number;
}

/** Position of a timestamp relative to the forks of a version. */
type Place = 'before' | 'within' | 'after';

function placeOf({ timestamp }: Timed, { from, until }: VersionForks, { forks }: ChainConfig): Place {
  if (from !== undefined && timestamp < forks[from]) return 'before';
  return until !== undefined && timestamp >= forks[until] ? 'after' : 'within';
}

/** Whether a structure is of the forks of a version. */
export function isWithin(structure: Timed, version: VersionForks, config: ChainConfig): boolean {
  return placeOf(structure, version, config) === 'within';
}

/** Reason why a structure does not fit a version of a method. */
export type VersionFault<Field> =
  | { readonly fault: 'missing' | 'unexpected'; readonly field: Field }
  | { readonly fault: 'fork'; readonly place: Exclude<Place, 'within'> };

/** Checks a structure against a version: first its fields, then the fork of its timestamp. */
export function versionFault<Field extends string, Structure extends Timed & { readonly [F in Field]?: unknown }>(
  structure: Structure,
  version: Version<Field>,
  all: readonly Field[],
  config: ChainConfig,
): VersionFault<Field> | undefined {
  const place = placeOf(structure, version, config);
  const { fields } = version;
  const byFork = 'since' in fields;
  const fork = place === 'within' ? undefined : ({ fault: 'fork', place } as const);
  if (byFork && fork !== undefined) return fork;
  const isSince = byFork && structure.timestamp >= config.forks[fields.since];
  const wanted = byFork ? (isSince ? fields.fields : []) : fields;
  const isThere = (field: Field): boolean => structure[field] !== undefined;
  const missing = wanted.find((field) => !isThere(field));
  if (missing !== undefined) return { fault: 'missing', field: missing };
  const surplus = all.find((field) => isThere(field) && !wanted.includes(field));
  const unexpected = surplus && ({ fault: 'unexpected', field: surplus } as const);
  return version.surplusLast ? (fork ?? unexpected) : (unexpected ?? fork);
}

export function unsupportedFork(): RpcError {
  return new RpcError('unsupported-fork', 'Unsupported fork');
}
