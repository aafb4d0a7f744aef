import { func, integer, object, type Rules, required } from '@devp2p/options';
import { checkOption } from '../check.ts';
import type { EthVersion } from './eth-version.ts';
import { eth68 } from './versions/68.ts';
import { eth69 } from './versions/69.ts';
import { eth70 } from './versions/70.ts';

/** Supported versions. To add one: its file in `versions/`, and a place in this list. */
const versions: readonly EthVersion[] = [eth70, eth69, eth68];

/** Versions that are offered by default. eth/68 is not: go-ethereum dropped it before v1.17.10. */
export const defaultVersions: readonly EthVersion[] = [eth70, eth69];

/**
 * The version of this number.
 *
 * @throws EthError `invalid-option` for a version that is not supported.
 */
export function ethVersion(number: number): EthVersion {
  return findVersion('version', number);
}

/** As {@link ethVersion}, for the option `name`. */
export function findVersion(name: string, number: number): EthVersion {
  const found = versions.find(({ version }) => version === number);
  const supported = versions.map(({ version }) => version).join(', ');
  return found ?? checkOption.fail(name, number, `a supported version of eth: ${supported}`);
}

const versionRules: Rules<EthVersion> = {
  version: required(integer(0)),
  length: required(integer(1, 0xffff)),
  messages: required(object),
  createStatus: required(func),
  receipts: required(object),
};

/** Checks a version that the caller made. @throws EthError `invalid-option` */
export function checkVersion(name: string, version: EthVersion): EthVersion {
  checkOption.fields(name, version, versionRules);
  return version;
}
