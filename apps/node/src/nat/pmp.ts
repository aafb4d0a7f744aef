// NAT Port Mapping Protocol, RFC 6886.
import { createSocket } from 'node:dgram';
import { type Clock, sleep } from '@devp2p/clock';
import { formatIp } from '@devp2p/ip';
import { type Gateway, GatewayError, type Lease, leaseTime, type Mapping } from './gateway.ts';

/** @see pmpGateway */
export interface PmpOptions {
  readonly host: string;
  readonly port: number;
  /** Local address of the socket. @default selected by the system */
  readonly localAddress?: string | undefined;
  readonly clock: Clock;
}

/** Time after each transmission of a request, in ms; RFC 6886 doubles for a minute, but a failed search is repeated anyway. */
const retransmissions = [250, 500, 1_000, 2_000];

const results: Readonly<Record<number, string>> = {
  1: 'unsupported version',
  2: 'not authorized',
  3: 'network failure',
  4: 'out of resources',
  5: 'unsupported opcode',
};

const externalAddress = 0;
const opcodes = { udp: 1, tcp: 2 } as const;

/** Creates a gateway that is controlled by NAT-PMP. */
export function pmpGateway(options: PmpOptions): Gateway {
  const name = `NAT-PMP ${options.host}`;

  async function request(bytes: Uint8Array, length: number, signal: AbortSignal) {
    const answer = await exchange(bytes, { ...options, name, length, signal });
    const result = answer.getUint16(2);
    if (result === 0) return answer;
    const why = results[result] ?? `result ${result}`;
    throw new GatewayError('refused', `${name} refuses: ${why}`, { fault: result });
  }

  async function map({ protocol, port, externalPort }: Mapping, lifetime: number, signal: AbortSignal): Promise<Lease> {
    const bytes = new DataView(new ArrayBuffer(12));
    bytes.setUint8(1, opcodes[protocol]);
    bytes.setUint16(4, port);
    bytes.setUint16(6, lifetime === 0 ? 0 : externalPort);
    bytes.setUint32(8, lifetime);
    const answer = await request(new Uint8Array(bytes.buffer), 16, signal);
    return { externalPort: answer.getUint16(10), lifetime: answer.getUint32(12) };
  }

  return {
    name,
    async externalIp(signal) {
      const { buffer, byteOffset } = await request(Uint8Array.of(0, externalAddress), 12, signal);
      return formatIp(new Uint8Array(buffer, byteOffset + 8, 4));
    },
    async map(mapping, signal) {
      const lease = await map(mapping, leaseTime, signal);
      if (lease.externalPort > 0 && lease.lifetime > 0) return lease;
      throw new GatewayError('garbled', `${name} returned an invalid mapping`);
    },
    async unmap(mapping, signal) {
      await map(mapping, 0, signal);
    },
  };
}

interface ExchangeOptions extends PmpOptions {
  readonly name: string;
  /** Length of a successful response, in bytes. */
  readonly length: number;
  readonly signal: AbortSignal;
}

/** Sends a request until a response is received. */
async function exchange(bytes: Uint8Array, options: ExchangeOptions): Promise<DataView> {
  const { name, host, port, localAddress, length, clock, signal } = options;
  signal.throwIfAborted();
  const socket = createSocket('udp4');
  const over = new AbortController();
  const onAbort = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let isGarbled = false;

  const answer = new Promise<DataView>((resolve, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason), { once: true });
    socket.on('error', (cause) => {
      reject(new GatewayError('absent', `${name} cannot be reached`, { cause }));
    });
    socket.on('message', (message) => {
      const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
      if (answers(view, bytes, length)) resolve(view);
      else isGarbled = true;
    });
    const send = async (): Promise<void> => {
      for (const wait of retransmissions) {
        socket.send(bytes);
        await sleep(clock, wait, { signal: over.signal });
      }
      reject(
        isGarbled
          ? new GatewayError('garbled', `${name} returned an invalid response`)
          : new GatewayError('absent', `${name} does not respond`),
      );
    };
    // A connected socket receives only datagrams of the gateway.
    socket.on('connect', () => void send().catch(reject));
    socket.bind({ port: 0, address: localAddress }, () => {
      socket.connect(port, host);
    });
  });
  try {
    return await answer;
  } finally {
    signal.removeEventListener('abort', onAbort);
    over.abort();
    socket.close();
  }
}

/** Whether a datagram is the response to a request: checks version, opcode, and for a mapping the port. */
export function answers(answer: DataView, request: Uint8Array, length: number): boolean {
  if (answer.byteLength < 4 || answer.getUint8(0) !== 0) return false;
  if (answer.getUint8(1) !== (request[1] ?? 0) + 128) return false;
  // The response to a refused request may end here.
  if (answer.getUint16(2) !== 0) return true;
  if (answer.byteLength < length) return false;
  return request.length === 2 || answer.getUint16(8) === (request[4] ?? 0) * 256 + (request[5] ?? 0);
}
