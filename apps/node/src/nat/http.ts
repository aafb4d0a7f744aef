import { request as httpRequest } from 'node:http';
import type { Clock } from '@devp2p/clock';
import { withTimeout } from '@devp2p/clock';
import { GatewayError } from './gateway.ts';

/** Time limit of a request and its response, in ms; `soapRequestTimeout` of go-ethereum. */
const timeout = 3_000;
/** Size limit of a response, in bytes. Descriptions of home routers have about 20 kB. */
const maxBody = 65_536;

/** @see askHttp */
export interface HttpRequest {
  readonly url: URL;
  /** Local address of the socket. */
  readonly localAddress: string;
  /** Sent with POST. @default GET */
  readonly post?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}

/**
 * Sends a request to an untrusted server: one response of limited size in limited time, without redirections.
 *
 * @throws GatewayError `absent`, `garbled`
 */
export function askHttp(
  { url, localAddress, post }: HttpRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const ask = (signal: AbortSignal): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const fail = (cause: NodeJS.ErrnoException): void => {
        const isGarbled = cause.code?.startsWith('HPE_');
        reject(
          isGarbled
            ? new GatewayError('garbled', `${url.host} returned an invalid HTTP response`, {
                cause,
              })
            : new GatewayError('absent', `${url.host} cannot be reached`, { cause }),
        );
      };
      // Some routers compare header names case-sensitively.
      const headers = {
        ...post?.headers,
        ...(post && { 'Content-Length': Buffer.byteLength(post.body) }),
      };
      const method = post ? 'POST' : 'GET';
      const request = httpRequest(url, { agent: false, localAddress, method, headers, signal });
      request.on('error', fail);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= maxBody) chunks.push(chunk);
          else {
            request.destroy();
            reject(new GatewayError('garbled', `${url.host} returned more than ${maxBody} bytes`));
          }
        });
        response.on('error', fail);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      request.end(post?.body);
    });
  const reason = new GatewayError('absent', `${url.host} does not respond`);
  return withTimeout(clock, timeout, ask, { signal, reason });
}
