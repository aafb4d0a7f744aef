/** A pending handshake. */
export interface Handshake {
  /** Address range of the remote; '' if unknown. */
  readonly host: string;
  /** Whether the remote has proved its identity. */
  readonly isIdentified: boolean;
}

/**
 * Chooses the handshake to end when all slots are used: of the address with the most handshakes, one without an
 * identity before one with an identity, then the oldest. An address with a thousand sockets displaces its own, and a
 * silent socket displaces other silent ones before an honest handshake.
 *
 * @param handshakes oldest first
 */
export function chooseDisplaced<T extends Handshake>(handshakes: readonly T[]): T | undefined {
  const held = new Map<string, number>();
  for (const { host } of handshakes) held.set(host, (held.get(host) ?? 0) + 1);
  const weight = ({ host, isIdentified }: T): number => 2 * (held.get(host) ?? 0) + (isIdentified ? 0 : 1);
  return handshakes.reduce<T | undefined>(
    (worst, handshake) => (worst === undefined || weight(handshake) > weight(worst) ? handshake : worst),
    undefined,
  );
}
