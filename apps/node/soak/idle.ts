import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Daemon } from './daemon.ts';

const app = pathToFileURL(createRequire(import.meta.url).resolve('@devp2p/node/package.json'));
const crowd = new URL('soak/dist/crowd.js', app);

/** What so many peers who want nothing cost a node. */
export interface Idle {
  /** Who was there from the beginning to the end. */
  readonly peers: number;
  /** The largest that was seen, in bytes. */
  readonly rss: number;
  readonly descriptors: number;
  /** Share of one core. */
  readonly cpu: number;
}

/** Flags of a node that has room for so many guests. */
export function roomFor(peers: number): string[] {
  return ['--maxpeers', String(peers + 1), '--dialratio', String(peers + 1)];
}

/** Has peers come to a node and do nothing for a while. */
export async function idle(
  daemon: Daemon,
  { peers, duration }: { readonly peers: number; readonly duration: number },
): Promise<Idle> {
  const child = fork(crowd, [await daemon.enode, String(peers)], { execArgv: [] });
  const word = async (): Promise<number> => {
    const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`the guests have ended with ${child.exitCode}`);
    return answer;
  };
  try {
    await word();
    const started = performance.now();
    const cpu = daemon.cpu;
    let { rss, descriptors } = daemon;
    while (performance.now() - started < duration) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, duration / 10)));
      rss = Math.max(rss, daemon.rss);
      descriptors = Math.max(descriptors, daemon.descriptors);
    }
    const share = (daemon.cpu - cpu) / ((performance.now() - started) / 1_000);
    child.send('who is left?');
    return { peers: await word(), rss, descriptors, cpu: share };
  } finally {
    child.kill();
  }
}
