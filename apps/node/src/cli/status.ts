import { sleep, systemClock } from '@devp2p/clock';
import { NodeError } from '../error.ts';
import { errorText } from '../log.ts';
import type { Health } from '../metrics/health.ts';
import type { NodeInfo, PeerInfo } from '../rpc/admin.ts';
import type { CommandContext } from './context.ts';
import { type NodeStatus, statusText } from './status-text.ts';

/** Time between two looks at the node, in ms. */
const interval = 2_000;

/** Time for the node to answer, in ms. */
const answerTime = 5_000;

/** Into the top left corner of an empty terminal. */
const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/**
 * `devp2p-node status`: shows a running node, in a terminal again and again until a signal comes, else once.
 *
 * @throws NodeError when the node cannot be asked; in a terminal only at the first look
 */
export async function showStatus({ settings, print, signal }: CommandContext): Promise<void> {
  const host = settings['http.addr'];
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${settings['http.port']}`;
  let last = await readStatus(url);
  const { stdout } = process;
  if (!stdout.isTTY) {
    print(statusText(last));
    return;
  }
  while (!signal.aborted) {
    const shown = statusText(last, { columns: stdout.columns, rows: stdout.rows });
    stdout.write(`${clearScreen}${shown}\n`);
    await sleep(systemClock, interval, { signal }).catch(() => {});
    const before = last;
    last = await readStatus(url, before).catch((error: Error) => ({
      ...before,
      fault: error.message,
    }));
  }
}

/** @throws NodeError `unreachable` */
async function readStatus(url: string, before?: NodeStatus): Promise<NodeStatus> {
  const calls = ['admin_nodeInfo', 'admin_peers'].map((method, id) => ({
    ...{ jsonrpc: '2.0', id, method, params: [] },
  }));
  const [answers, health] = await Promise.all([
    ask<readonly Answer[]>(url, calls),
    ask<Health>(`${url}/health`),
  ]);
  const [node, peers] = answers.map(({ result }) => result);
  if (node === undefined || peers === undefined) {
    throw new NodeError(
      'unreachable',
      `the node at ${url} does not serve admin: start it with --http --http.api admin,net,web3`,
    );
  }
  const at = systemClock.monotonic();
  // Both as our own node answers; of another program's answer the text would say nothing sensible.
  return { node: node as NodeInfo, peers: peers as readonly PeerInfo[], health, at, before };
}

interface Answer {
  readonly result?: unknown;
}

async function ask<T>(url: string, body?: unknown): Promise<T> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(answerTime),
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return (await response.json()) as T;
  } catch (error) {
    throw new NodeError(
      'unreachable',
      `no node answers at ${url} (${errorText((error as Error).cause ?? error)}): start one with --http --http.api admin,net,web3, or name another with --http.addr and --http.port`,
      { cause: error },
    );
  }
}
