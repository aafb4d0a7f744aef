import { errorText } from '@devp2p/appkit';
import { type Clock, sleep, systemClock } from '@devp2p/clock';
import { NodeError } from '../../errors/node-error.ts';
import type { Health } from '../../observability/health.ts';
import type { NodeInfo, PeerInfo } from '../../rpc/namespaces/admin.ts';
import type { CommandContext } from '../context.ts';
import { type NodeStatus, type Screen, statusText } from './status-text.ts';

/** Time between two requests, in milliseconds. */
const interval = 2_000;

/** Timeout of a request, in milliseconds. */
const answerTime = 5_000;

/** Clears the terminal and moves the cursor to its top left corner. */
const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/**
 * `devp2p-node status`: shows a running node, repeatedly in a terminal until a signal, otherwise once.
 *
 * @throws NodeError when the request fails; in a terminal only for the first one
 */
export async function showStatus({ settings, print, signal }: CommandContext): Promise<void> {
  const host = settings['http.addr'];
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${settings['http.port']}`;
  const look = (before?: NodeStatus): Promise<NodeStatus> => readStatus(url, before);
  const { stdout } = process;
  if (stdout.isTTY) await keepShowing({ look, stream: stdout, clock: systemClock, signal });
  else print(statusText(await look()));
}

/** @see keepShowing */
interface KeepShowingOptions {
  readonly look: (before?: NodeStatus) => Promise<NodeStatus>;
  /** A terminal. */
  readonly stream: Screen & { write(text: string): unknown };
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Shows a node every two seconds until the signal aborts. The last status stays when a request fails. */
export async function keepShowing(options: KeepShowingOptions): Promise<void> {
  const { look, stream, clock, signal } = options;
  let last = await look();
  while (!signal.aborted) {
    stream.write(`${clearScreen}${statusText(last, stream)}\n`);
    await sleep(clock, interval, { signal }).catch(() => {});
    if (signal.aborted) return;
    // Without its own previous status, so that the chain of statuses does not grow.
    const { before: _, ...before } = last;
    last = await look(before).catch((error: Error) => ({ ...before, fault: error.message }));
  }
}

/** @throws NodeError `unreachable` */
async function readStatus(url: string, before?: NodeStatus): Promise<NodeStatus> {
  const calls = ['admin_nodeInfo', 'admin_peers'].map((method, id) => ({
    jsonrpc: '2.0',
    id,
    method,
    params: [],
  }));
  const [answers, health] = await Promise.all([ask(url, '/', calls), ask(url, '/health')]);
  if (!isAnswers(answers) || !isHealth(health)) {
    throw new NodeError('unreachable', `the server at ${url} is not a devp2p-node, or one of another version`);
  }
  const [node, peers] = answers.map(({ result }) => result);
  if (node === undefined || peers === undefined) {
    throw new NodeError(
      'unreachable',
      `the node at ${url} does not serve admin: start it with --http --http.api admin,net,web3`,
    );
  }
  const at = systemClock.monotonic();
  return { node: node as NodeInfo, peers: peers as readonly PeerInfo[], health, at, before };
}

// The other fields are not checked: a devp2p-node sends them.
function isAnswers(value: unknown): value is readonly { readonly result?: unknown }[] {
  return Array.isArray(value) && value.length === 2;
}

function isHealth(value: unknown): value is Health {
  const health = value as Partial<Health> | null | undefined;
  return typeof health?.head?.number === 'number' && typeof health.state?.text === 'string';
}

/** @returns the JSON of the response; `undefined` for another content */
async function ask(url: string, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url + path, {
      signal: AbortSignal.timeout(answerTime),
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
  } catch (error) {
    throw new NodeError(
      'unreachable',
      `no node responds at ${url} (${errorText((error as Error).cause ?? error)}): start one with --http --http.api admin,net,web3, or name another with --http.addr and --http.port`,
      { cause: error },
    );
  }
  return response.json().catch(() => undefined);
}
