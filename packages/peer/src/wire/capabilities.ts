import { array, func, object, positive, type Rules, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { PeerError } from '../error.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { baseLength } from './base-protocol.ts';
import { type Capability, isCapabilityName } from './hello.ts';

/** A shared capability and its codes on this connection. */
export interface Running extends Capability {
  readonly protocol: Protocol;
  /** First code. */
  readonly offset: number;
  /** Number of codes. */
  readonly length: number;
}

/** Capabilities of `protocols` for Hello, sorted by name and version. */
export function offered(protocols: readonly Protocol[]): Capability[] {
  return protocols
    .flatMap(({ name, versions }) => versions.map(({ version }) => ({ name, version })))
    .sort((a, b) => compareNames(a.name, b.name) || a.version - b.version);
}

/**
 * Selects the capabilities of a connection: of each name the highest shared version. Codes are
 * assigned from 0x10 on in alphabetical order of the names. Both sides compute this independently and
 * must get the same result.
 */
export function negotiate(protocols: readonly Protocol[], remote: readonly Capability[]): Running[] {
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
 * Checks protocols before they are offered.
 *
 * @param isReserved whether a name would hide a property of the peer
 * @throws {@link PeerError} `invalid-option` for protocols that cannot be offered together.
 */
export function checkProtocols(protocols: readonly Protocol[], isReserved: (name: string) => boolean): void {
  const seen = new Set<string>();
  for (const [index, protocol] of protocols.entries()) {
    const path = `protocols[${index}]`;
    if (typeof protocol === 'function') {
      check.fail(path, protocol, 'a protocol, such as the result of this function');
    }
    check.fields(path, protocol, protocolRules);
    const { name, versions } = protocol;
    check.elements(`${path}.versions`, versions, object);
    if (versions.length === 0) check.fail(`${path}.versions`, versions, 'at least one version');
    if (!isCapabilityName(name)) throw invalid(`"${name}" is not 1 to 8 ASCII characters`);
    if (isReserved(name)) throw invalid(`"${name}" is a property of every peer`);
    for (const { version, length } of versions) {
      const capability = `${name}/${version}`;
      if (!Number.isSafeInteger(version) || version < 0) throw invalid(`${capability} is not a valid version`);
      if (!Number.isSafeInteger(length) || length < 1 || length > 0xffff) {
        throw invalid(`${capability} has ${length} codes, expected 1 to 65535`);
      }
      if (seen.has(capability)) throw invalid(`${capability} is offered twice`);
      seen.add(capability);
    }
  }
}

function invalid(problem: string): PeerError {
  return new PeerError('invalid-option', `protocols: ${problem}`);
}

// Byte order, not locale order: both sides must get the same sequence.
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
