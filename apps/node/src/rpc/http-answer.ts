import type { IncomingMessage, ServerResponse } from 'node:http';
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
  response.writeHead(status, {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(line),
    'x-content-type-options': 'nosniff',
  });
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
