import { request as httpRequest } from 'node:http';
import type { Clock } from '@devp2p/clock';
import { withTimeout } from '@devp2p/clock';
import { GatewayError } from './gateway.ts';

/** ms for a request and its answer; go-ethereum's `soapRequestTimeout`. */
const TIMEOUT = 3_000;
/** Bytes of an answer. Descriptions of home routers have some 20 kB. */
const MAX_BODY = 65_536;

/** @see askHttp */
export interface HttpRequest {
  readonly url: URL;
  /** Our address towards the server. */
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
            ? new GatewayError('garbled', `${url.host} does not speak HTTP`, { cause })
            : new GatewayError('absent', `${url.host} cannot be reached`, { cause }),
        );
      };
      // Some routers read header names by their capitals.
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
          if (size <= MAX_BODY) chunks.push(chunk);
          else {
            request.destroy();
            reject(new GatewayError('garbled', `${url.host} answers with more than ${MAX_BODY} B`));
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
  const reason = new GatewayError('absent', `${url.host} does not answer`);
  return withTimeout(clock, TIMEOUT, ask, { signal, reason });
}
