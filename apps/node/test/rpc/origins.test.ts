import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { isCorsOrigin, isSocketOrigin, isVirtualHost } from '../../src/rpc/transport/origins.ts';

test.each<[string | undefined, string[], boolean]>([
  [undefined, ['localhost'], true],
  ['localhost', ['localhost'], true],
  ['localhost:8545', ['localhost'], true],
  ['LOCALHOST:8545', ['localhost'], true],
  ['127.0.0.1:8545', ['localhost'], true],
  ['192.0.2.7', [], true],
  ['[::1]:8545', [], true],
  ['[::1]', [], true],
  ['evil.example', ['localhost'], false],
  ['evil.example:8545', ['localhost'], false],
  ['localhost.evil.example', ['localhost'], false],
  ['127.0.0.1.evil.example', ['localhost'], false],
  ['evil.example', ['*'], true],
  ['node.example', ['localhost', 'Node.example'], true],
  ['localhost', [], false],
  ['a:b:c', ['localhost'], false],
])('ND-11 HX-27 Host %j with virtual hosts %j: %j', (host, allowed, expected) => {
  expect(isVirtualHost(host, allowed)).toBe(expected);
});

test.each<[string, string[], boolean]>([
  ['https://a.example', [], false],
  ['https://a.example', ['*'], true],
  ['https://a.example', ['https://a.example'], true],
  ['https://a.example', ['https://A.example'], true],
  ['http://a.example', ['https://a.example'], false],
  ['https://a.example:8080', ['https://a.example'], false],
  ['https://a.example.evil', ['https://a.example'], false],
  ['https://dapp.a.example', ['https://*.a.example'], true],
  ['https://a.example', ['https://*.a.example'], false],
  ['https://.a.example', ['https://*.a.example'], true],
  ['https://evil.example', ['https://*.a.example'], false],
  ['null', ['https://a.example'], false],
])('ND-11 HX-27 a page of %j sends a request over HTTP with %j: %j', (origin, allowed, expected) => {
  expect(isCorsOrigin(origin, allowed)).toBe(expected);
});

test.each<[string, string[], boolean]>([
  ['http://localhost', [], true],
  ['http://localhost:3000', [], true],
  [`http://${hostname().toLowerCase()}`, [], true],
  ['https://localhost', [], false],
  ['http://evil.example', [], false],
  ['http://evil.example', ['*'], true],
  ['http://a.example:3000', ['a.example'], true],
  ['https://a.example', ['https://a.example'], true],
  ['http://a.example', ['https://a.example'], false],
  ['https://a.example:1', ['https://a.example:2'], false],
  ['https://a.example:2', ['a.example:2'], true],
  ['https://a.example.evil', ['a.example'], false],
  ['https://eviala.example', ['a.example'], false],
  ['null', ['a.example'], false],
  ['', ['a.example'], false],
  ['https://a.example@evil.example', ['a.example'], false],
])('ND-11 HX-27 a page of %j opens a WebSocket with %j: %j', (origin, allowed, expected) => {
  expect(isSocketOrigin(origin, allowed)).toBe(expected);
});
