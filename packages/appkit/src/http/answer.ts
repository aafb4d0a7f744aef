import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';

/** Milliseconds for which the rest of a refused request is read and discarded, so that the client receives the response. */
const drainTime = 1_000;

/** Sends a response of JSON. */
export function answerJson(response: ServerResponse, status: number, json: string): void {
  answer(response, status, 'application/json', json);
}

/** Sends a response of text. @param type media type */
export function answer(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/**
 * Refuses a request with a line of text and closes its connection. The rest of the request is read and discarded, since
 * closing a socket with unread data resets the connection and the client would lose the response.
 */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  message: string,
  clock: Clock,
): void {
  const line = `${message}\n`;
  response.writeHead(status, refusalHeaders(status, line));
  response.write(line);
  const end = (): void => {
    timer.cancel();
    response.end();
  };
  const timer = clock.setTimeout(end, drainTime);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

/** Refuses an upgrade with a line of text and closes its connection. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const line = `${message}\n`;
  const headers = Object.entries(refusalHeaders(status, line));
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${line}`, () => socket.destroy());
}

function refusalHeaders(status: number, line: string): Record<string, string | number> {
  return {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': byteLength(line),
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}

const utf8 = new TextEncoder();

function byteLength(text: string): number {
  return utf8.encode(text).length;
}
