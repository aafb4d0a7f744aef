import { fork } from 'node:child_process';
import { once } from 'node:events';
import { app, type Daemon } from './daemon.ts';

const crowd = new URL('soak/dist/crowd.js', app);

/** Resources of a node with idle peers. */
export interface Idle {
  /** Number of peers that stayed connected. */
  readonly peers: number;
  /** Maximum resident memory, in bytes. */
  readonly rss: number;
  /** Maximum number of file descriptors. */
  readonly descriptors: number;
  /** CPU time, as a share of one core. */
  readonly cpu: number;
}

/** Flags of a node that accepts `peers` inbound peers. */
export function roomFor(peers: number): string[] {
  return ['--maxpeers', String(peers + 1), '--dialratio', String(peers + 1)];
}

/** Connects peers to a node, and measures it for `duration` ms while they are idle. */
export async function idle(
  daemon: Daemon,
  { peers, duration }: { readonly peers: number; readonly duration: number },
): Promise<Idle> {
  const child = fork(crowd, [await daemon.enode, String(peers)], { execArgv: [] });
  const nextCount = async (): Promise<number> => {
    const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`process of the peers ended with ${child.exitCode}`);
    return answer;
  };
  try {
    await nextCount();
    const started = performance.now();
    const cpu = daemon.cpu;
    let { rss, descriptors } = daemon;
    while (performance.now() - started < duration) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, duration / 10)));
      rss = Math.max(rss, daemon.rss);
      descriptors = Math.max(descriptors, daemon.descriptors);
    }
    const share = (daemon.cpu - cpu) / ((performance.now() - started) / 1_000);
    child.send('count');
    return { peers: await nextCount(), rss, descriptors, cpu: share };
  } finally {
    child.kill();
  }
}
