import { array, func, object, positive, type Rules, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { PeerError } from '../error.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { baseLength } from './base-protocol.ts';
import { type Capability, isCapabilityName } from './hello.ts';

/** A capability that both sides run, and where its codes lie on this connection. */
export interface Running extends Capability {
  readonly protocol: Protocol;
  /** Its first code. */
  readonly offset: number;
  /** How many codes it occupies. */
  readonly length: number;
}

/** Everything that `protocols` speak, as Hello lists it: by name, then version. */
export function offered(protocols: readonly Protocol[]): Capability[] {
  return protocols
    .flatMap(({ name, versions }) => versions.map(({ version }) => ({ name, version })))
    .sort((a, b) => compareNames(a.name, b.name) || a.version - b.version);
}

/**
 * What runs on a connection: of every name the highest version that both sides speak, the codes laid
 * out from 0x10 in alphabetical order of the names. Both sides reckon it by themselves and must come
 * to the same layout.
 */
export function negotiate(
  protocols: readonly Protocol[],
  remote: readonly Capability[],
): Running[] {
  const theirs = new Set(remote.map(({ name, version }) => `${name}/${version}`));
  const best = new Map<string, Omit<Running, 'offset'>>();
  for (const protocol of protocols) {
    const { name } = protocol;
    for (const { version, length } of protocol.versions) {
      if (version > (best.get(name)?.version ?? -1) && theirs.has(`${name}/${version}`)) {
        best.set(name, { name, version, length, protocol });
      }
    }
  }
  let offset = baseLength;
  return [...best.values()]
    .sort((a, b) => compareNames(a.name, b.name))
    .map((shared) => {
      const running = { ...shared, offset };
      offset += shared.length;
      return running;
    });
}

const protocolRules: Rules<Protocol> = {
  name: required(string),
  versions: required(array),
  receiveBudget: positive,
  attach: required(func),
};

/**
 * @param isReserved tells names that would hide a property of the peer.
 * @throws {@link PeerError} `invalid-option` for protocols that cannot be offered together.
 */
export function checkProtocols(
  protocols: readonly Protocol[],
  isReserved: (name: string) => boolean,
): void {
  const seen = new Set<string>();
  for (const [index, protocol] of protocols.entries()) {
    const path = `protocols[${index}]`;
    if (typeof protocol === 'function') {
      check.fail(path, protocol, 'a protocol, such as the function returns when it is called');
    }
    check.fields(path, protocol, protocolRules);
    const { name, versions } = protocol;
    check.elements(`${path}.versions`, versions, object);
    if (versions.length === 0) check.fail(`${path}.versions`, versions, 'at least one version');
    if (!isCapabilityName(name)) throw invalid(`"${name}" is not 1 to 8 ASCII characters`);
    if (isReserved(name)) throw invalid(`"${name}" is a property of every peer`);
    for (const { version, length } of versions) {
      const capability = `${name}/${version}`;
      if (!Number.isSafeInteger(version) || version < 0)
        throw invalid(`${capability} is no version`);
      if (!Number.isSafeInteger(length) || length < 1 || length > 0xffff) {
        throw invalid(`${capability} occupies ${length} codes`);
      }
      if (seen.has(capability)) throw invalid(`${capability} is offered twice`);
      seen.add(capability);
    }
  }
}

function invalid(what: string): PeerError {
  return new PeerError('invalid-option', `protocols: ${what}`);
}

// Byte order, not locale order: the other side must arrive at the same sequence.
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
