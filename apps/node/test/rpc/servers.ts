import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '@devp2p/clock';
import { nobleCrypto } from '@devp2p/crypto';
import { randomBytes } from '@devp2p/random';
import { type ClientOptions, WebSocket } from 'ws';
import { silentLogs } from '../../src/logging/log.ts';
import type { NodeControl, PeerEventInfo } from '../../src/rpc/namespaces/admin.ts';
import { type OpenRpcOptions, openRpc, type RpcServers } from '../../src/rpc/servers.ts';

/** The control of a node that records calls. */
export function fakeControl() {
  const calls: string[] = [];
  const listeners = new Set<(event: PeerEventInfo) => void>();
  const control: NodeControl = {
    id: nobleCrypto.secp256k1.publicKey(new Uint8Array(32).fill(1)),
    clientId: 'fake/1.0',
    networkId: 7331n,
    datadir: '/somewhere',
    nodeInfo: () => {
      throw new Error('unexpected call of nodeInfo');
    },
    peers: () => [],
    addPeer: ({ host, tcp }) => void calls.push(`add ${host}:${tcp}`),
    removePeer: async ({ host }) => void calls.push(`remove ${host}`),
    addTrustedPeer: ({ host }) => void calls.push(`trust ${host}`),
    removeTrustedPeer: ({ host }) => void calls.push(`distrust ${host}`),
    onPeerEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    control,
    calls,
    listeners,
    emit(event: PeerEventInfo): void {
      for (const listener of listeners) listener(event);
    },
  };
}

/** The servers of a fake node, on free ports. */
export function serve(options: Partial<OpenRpcOptions>): Promise<RpcServers> {
  return openRpc({
    control: fakeControl().control,
    eth: { methods: {} },
    debug: { methods: {} },
    txpool: { methods: {} },
    health: () => ({ healthy: true }),
    crypto: nobleCrypto,
    clock: systemClock,
    random: randomBytes,
    log: silentLogs('rpc'),
    ...options,
  });
}

/** A raw connection to a server, and all received data once it has closed. */
export function open(url: string): { socket: Socket; answer: Promise<string> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => {
    text += data;
  });
  // A connection that is closed while it sends may be reset.
  socket.on('error', () => {});
  return { socket, answer: new Promise((resolve) => socket.on('close', () => resolve(text))) };
}

/** A WebSocket caller that returns received messages in order. */
export async function dial(url: string, options: ClientOptions = {}) {
  const socket = new WebSocket(url, options);
  const messages: string[] = [];
  let look = (): void => {};
  socket.on('message', (data) => {
    messages.push(data.toString());
    look();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  await once(socket, 'open');
  return {
    socket,
    closed,
    async next(): Promise<unknown> {
      if (messages.length === 0) {
        await new Promise<void>((resolve) => {
          look = resolve;
        });
      }
      return JSON.parse(messages.shift() ?? '');
    },
  };
}

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request with any headers, including Host and Origin. */
export async function ask(
  url: string,
  request: {
    method?: string;
    path?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string;
  } = {},
): Promise<Asked> {
  const { method = 'POST', path = '/', body = '' } = request;
  const headers: Record<string, string> = {
    host: new URL(url).host,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
    ...(method === 'POST' && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { socket, answer } = open(url);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  return parseAnswer(await answer);
}

export function parseAnswer(text: string): Asked {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const [name = '', ...value] = line.split(': ');
    return [name.toLowerCase(), value.join(': ')];
  });
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: rest.join('\r\n\r\n'),
  };
}

/** The text of a call. */
export function call(method: string, params: unknown[] = [], id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}
