import type { Outcome } from './simulate.ts';

/** In the first minutes nodes are still arriving. */
const arrivalMinutes = 3;

/** The attacker's mean share of the honest nodes' outbound slots once all nodes have arrived, and the largest. */
export function attackerShare({ samples }: Outcome): { mean: number; max: number } {
  const shares = samples.slice(arrivalMinutes).map(({ attacker }) => attacker.outbound);
  return {
    mean: shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length),
    max: Math.max(0, ...shares),
  };
}

/** What must not have happened, in words for people; empty if all was well. */
export function findFaults(outcome: Outcome): string[] {
  const faults: string[] = [];
  const { samples, maxPeers, peak, timersLeft, addressShare } = outcome;
  const torn = samples.slice(arrivalMinutes).filter(({ components }) => components > 1);
  if (torn.length > 0) faults.push(`the network was in parts in ${torn.length} minutes`);
  if (peak > maxPeers) faults.push(`a node had ${peak} connections, and may have ${maxPeers}`);
  const { max } = attackerShare(outcome);
  if (max > addressShare) {
    faults.push(`the attacker held ${percent(max)} of the slots and has ${percent(addressShare)}`);
  }
  if (timersLeft > 0) faults.push(`${timersLeft} timers were left when all nodes had stopped`);
  return faults;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
