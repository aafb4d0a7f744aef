import type { Outcome } from './simulate.ts';

/** Minutes at the beginning in which nodes are still starting. */
const arrivalMinutes = 3;

/**
 * Returns the mean and the maximum share of the attacker in the outbound slots of honest nodes, after all nodes have
 * started.
 */
export function attackerShare({ samples }: Outcome): { mean: number; max: number } {
  const shares = samples.slice(arrivalMinutes).map(({ attacker }) => attacker.outbound);
  return {
    mean: shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length),
    max: Math.max(0, ...shares),
  };
}

/** Returns the violated conditions as text; an empty array after success. */
export function findFaults(outcome: Outcome): string[] {
  const faults: string[] = [];
  const { samples, maxPeers, peak, timersLeft, addressShare } = outcome;
  const partitioned = samples.slice(arrivalMinutes).filter(({ components }) => components > 1);
  if (partitioned.length > 0) {
    faults.push(`the network was partitioned in ${partitioned.length} minutes`);
  }
  if (peak > maxPeers) faults.push(`a node had ${peak} connections, the limit is ${maxPeers}`);
  const { max } = attackerShare(outcome);
  if (max > addressShare) {
    faults.push(`the attacker held ${percent(max)} of the slots with ${percent(addressShare)} of the addresses`);
  }
  if (timersLeft > 0) faults.push(`${timersLeft} timers left after all nodes stopped`);
  return faults;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
