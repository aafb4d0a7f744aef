import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Whether a request's Host names a server that the operator has. IP addresses always do: a page that rebinds its own
 * name to a local address is recognized by the name. As go-ethereum's `http.vhosts`.
 */
export function isVirtualHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined || host === '') return true;
  const [, name = host] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host) ?? [];
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIP(bare) !== 0 || allowed.some((one) => one === '*' || one.toLowerCase() === bare);
}

/**
 * Whether pages of an origin may send requests over HTTP: each allowed origin may have one `*` as a wildcard, as in
 * `http.corsdomain` of go-ethereum.
 */
export function isCorsOrigin(origin: string, allowed: readonly string[]): boolean {
  const given = origin.toLowerCase();
  return allowed.some((one) => {
    const [start = '', end] = one.toLowerCase().split('*', 2);
    if (end === undefined) return given === start;
    return given.length >= start.length + end.length && given.startsWith(start) && given.endsWith(end);
  });
}

/**
 * Whether pages of an origin may open a WebSocket: scheme and port of the allowed origins are optional, and an empty
 * list allows pages of the local host, as in `ws.origins` of go-ethereum.
 */
export function isSocketOrigin(origin: string, allowed: readonly string[]): boolean {
  const rules = allowed.length > 0 ? allowed : ['http://localhost', `http://${hostname()}`];
  if (rules.includes('*')) return true;
  const given = parts(origin);
  return (
    given.host !== '' &&
    rules.map(parts).some(({ scheme, host, port }) => {
      return (scheme === '' || scheme === given.scheme) && host === given.host && (port === '' || port === given.port);
    })
  );
}

function parts(origin: string): { scheme: string; host: string; port: string } {
  const [, scheme = '', host = '', port = ''] =
    /^(?:([a-z][a-z\d+.-]*):\/\/)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?$/.exec(origin.toLowerCase()) ?? [];
  return { scheme, host, port };
}
