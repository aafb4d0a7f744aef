// DNS server on loopback for TXT records (RFC 1035).
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Answer } from './zone.ts';

const TXT = 16;
export const SERVFAIL = 2;
export const NXDOMAIN = 3;

/** Response: records, a response code, raw bytes, or none. */
export type Reply = Answer | number | Uint8Array | undefined;

export interface DnsServer {
  /** Address for `setServers`. */
  readonly address: string;
  /** Requested names in lower case, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts a server on an ephemeral port. A name without a response does not exist. */
export async function startDnsServer(reply: (name: string, query: Uint8Array) => Reply): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    asked.push(name);
    const answer = reply(name, query);
    if (answer === undefined) return;
    const message =
      answer instanceof Uint8Array ? answer : response(query.subarray(0, end), type === TXT ? answer : []);
    socket.send(message, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let position = 12;
  for (;;) {
    const length = query[position++] ?? 0;
    if (length === 0) break;
    labels.push(query.toString('latin1', position, position + length));
    position += length;
  }
  const name = labels.join('.').toLowerCase();
  return { name, type: query.readUInt16BE(position), end: position + 4 };
}

/** Encodes a response to a query, with a record for each text. The name of a record is a pointer to that of the question. */
function response(question: Buffer, answer: Answer | number): Buffer {
  const records = typeof answer === 'number' ? [] : answer;
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  // Flags: response, authoritative, recursion desired and available.
  header.writeUInt16BE(0x8580 | (typeof answer === 'number' ? answer : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const parts = records.map((strings) => {
    const data = Buffer.concat(
      strings.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])),
    );
    const fixed = Buffer.from([0xc0, 12, 0, TXT, 0, 1, 0, 0, 0, 60, 0, 0]);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, question.subarray(12), ...parts]);
}
