/** An unfinished handshake. */
export interface Handshake {
  /** Whom it is from, '' if that is not known. */
  readonly host: string;
  /** Whether anything has come from there. */
  readonly hasSpoken: boolean;
}

/**
 * The handshake that gives way when all places are taken: of the address that holds the most, one that is silent before
 * one that has spoken, then the oldest. So that somebody with a thousand sockets displaces his own, and silence displaces
 * silence before an honest dialler.
 *
 * @param handshakes the oldest first
 */
export function chooseDisplaced<T extends Handshake>(handshakes: readonly T[]): T | undefined {
  const held = new Map<string, number>();
  for (const { host } of handshakes) held.set(host, (held.get(host) ?? 0) + 1);
  const weight = ({ host, hasSpoken }: T): number =>
    2 * (held.get(host) ?? 0) + (hasSpoken ? 0 : 1);
  return handshakes.reduce<T | undefined>(
    (worst, one) => (worst === undefined || weight(one) > weight(worst) ? one : worst),
    undefined,
  );
}
