import { configJson } from '../../config/genesis/config-json.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';

/**
 * The fork rules in the form of a genesis.json's `config`, as `admin_nodeInfo` shows them. Numbers above 2 ** 53 - 1
 * are rounded, as any JavaScript reader of JSON would.
 */
export function roundedConfigJson(config: ChainConfig): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(configJson(config), (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return JSON.parse(text);
}
