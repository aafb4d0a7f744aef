import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NodeStatus } from '@devp2p/crawler';

/** A network in a process of its own, with the expected results. */
export interface ReferenceNetwork {
  readonly bootnode: string;
  readonly networkId: number;
  /** The last possible step of a visit, by node id. */
  readonly reaches: ReadonlyMap<string, NodeStatus>;
  stop(): void;
}

export interface NetworkSettings {
  readonly nodes: number;
  readonly mixed: boolean;
  /** Command prefix that pins the process to its core. */
  readonly pin: readonly string[];
}

/** Starts a network and waits until its nodes have filled their tables. */
export async function startReferenceNetwork({ nodes, mixed, pin }: NetworkSettings): Promise<ReferenceNetwork> {
  const script = fileURLToPath(new URL('../network/main.js', import.meta.url));
  const [program = '', ...args] = [...pin, process.execPath, script, '--nodes', `${nodes}`];
  if (mixed) args.push('--mixed');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    return await readNetwork(child);
  } catch (error) {
    child.kill();
    throw error;
  }
}

async function readNetwork(child: ChildProcess): Promise<ReferenceNetwork> {
  if (child.stdout === null) throw new TypeError('the network has no standard output');
  const reaches = new Map<string, NodeStatus>();
  let network: { bootnode: string; networkId: number; nodes: number } | undefined;
  for await (const line of createInterface(child.stdout)) {
    const value = JSON.parse(line);
    if (network === undefined) network = value as NonNullable<typeof network>;
    else reaches.set(value.id, value.reaches);
    if (reaches.size === network.nodes) {
      return { ...network, reaches, stop: () => void child.kill() };
    }
  }
  throw new Error('the network exited before it was ready');
}
