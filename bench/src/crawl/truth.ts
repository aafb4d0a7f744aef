import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NodeStatus } from '@devp2p/crawler';

/** A network that runs in a process of its own, and what is true of it. */
export interface Truth {
  readonly bootnode: string;
  readonly networkId: number;
  /** How far a visit of each node can come, by its id. */
  readonly reaches: ReadonlyMap<string, NodeStatus>;
  stop(): void;
}

export interface NetworkSettings {
  readonly nodes: number;
  readonly mixed: boolean;
  /** What keeps it on its core. */
  readonly pin: readonly string[];
}

/** Starts a network, and waits until its nodes know each other. */
export async function startTruth({ nodes, mixed, pin }: NetworkSettings): Promise<Truth> {
  const script = fileURLToPath(new URL('../network/main.js', import.meta.url));
  const [program = '', ...args] = [...pin, process.execPath, script, '--nodes', `${nodes}`];
  if (mixed) args.push('--mixed');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    return await readTruth(child);
  } catch (error) {
    child.kill();
    throw error;
  }
}

async function readTruth(child: ChildProcess): Promise<Truth> {
  if (child.stdout === null) throw new TypeError('no output');
  const reaches = new Map<string, NodeStatus>();
  let network: { bootnode: string; networkId: number; nodes: number } | undefined;
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line);
    if (network === undefined) network = said as NonNullable<typeof network>;
    else reaches.set(said.id, said.reaches);
    if (reaches.size === network.nodes) {
      return { ...network, reaches, stop: () => void child.kill() };
    }
  }
  throw new Error('the network did not come up');
}
