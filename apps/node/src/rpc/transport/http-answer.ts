import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';

/** Time for a caller to send what nobody will read, so that it gets to see why. In ms. */
const drainTime = 1_000;

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, json: string): void {
  answer(response, status, 'application/json', json);
}

/** Answers with text of some type, whole. */
export function answer(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/**
 * Refuses a request in a line of text and closes its connection. What is still coming is thrown away, since closing on
 * unread bytes would cost the caller the answer.
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

/** Refuses a request to upgrade in a line of text and closes its connection. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const line = `${message}\n`;
  const headers = Object.entries(refusalHeaders(status, line));
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${line}`, () =>
    socket.destroy(),
  );
}

function refusalHeaders(status: number, line: string): Record<string, string | number> {
  return {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(line),
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}
