import { configJson } from '../config/genesis/config-json.ts';
import { chainConfig } from '../config/genesis/genesis.ts';
import { parseConfigJson } from '../config/genesis/genesis-json.ts';
import { JsonNumber, parseJsonText } from '../config/genesis/json-text.ts';
import { ChainError } from '../errors/chain-error.ts';
import { type BlockFork, blockForks, type ChainConfig, type TimeFork, timeForks } from '../validation/chain-config.ts';
import { corrupt } from './records.ts';

/** A fork of a stored schedule that this version does not know: a newer version has written it. */
interface UnknownFork {
  /** Without `Block` or `Time`, such as `oslo`. */
  readonly name: string;
  readonly kind: 'Block' | 'Time';
  readonly point: bigint;
}

/** The rules by which the stored blocks were checked. */
export interface StoredConfig extends ChainConfig {
  readonly unknownForks: readonly UnknownFork[];
}

/** Encodes the rules as the JSON text of a genesis.json's `config`, of which other versions read the forks they know. */
export function encodeConfigRecord(config: ChainConfig): Uint8Array {
  const text = JSON.stringify(configJson(config), (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return new TextEncoder().encode(text);
}

/** @throws ChainError `corrupt` */
export function decodeConfigRecord(record: Uint8Array): StoredConfig {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(record);
    return { ...chainConfig(parseConfigJson(text)), unknownForks: unknownForks(text) };
  } catch (error) {
    if (!(error instanceof ChainError || error instanceof TypeError)) throw error;
    throw corrupt('the fork schedule', error);
  }
}

const knownForks: ReadonlySet<string> = new Set([
  ...blockForks.map((name: BlockFork) => `${name}Block`),
  ...timeForks.map((name: TimeFork) => `${name}Time`),
]);

function unknownForks(text: string): UnknownFork[] {
  const forks: UnknownFork[] = [];
  const json = parseJsonText(text);
  for (const [field, value] of json instanceof Map ? json : []) {
    const [, name, kind] = /^(\w+)(Block|Time)$/.exec(field) ?? [];
    if (name === undefined || knownForks.has(field)) continue;
    const digits = value instanceof JsonNumber ? value.text : value;
    if (typeof digits !== 'string' || !/^\d{1,20}$/.test(digits)) continue;
    forks.push({ name, kind: kind as UnknownFork['kind'], point: BigInt(digits) });
  }
  return forks;
}
