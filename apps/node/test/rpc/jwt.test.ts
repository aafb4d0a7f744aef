import { createVirtualClock } from '@devp2p/clock/virtual';
import { beforeAll, expect, test } from 'vitest';
import { createTokenCheck, type TokenCheck } from '../../src/rpc/transport/jwt.ts';
import { token } from './token.ts';

const secret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const now = 1_700_000_000;
let check: TokenCheck;
beforeAll(async () => {
  check = await createTokenCheck({ secret, clock: createVirtualClock({ now: now * 1_000 }) });
});

test.each([
  ['issued now', { iat: now }],
  ['issued 60 s ago', { iat: now - 60 }],
  ['issued 60 s ahead', { iat: now + 60 }],
  ['issued at a fraction of a second', { iat: now - 0.5 }],
  ['that has not expired', { iat: now, exp: now + 1 }],
  ['with other claims', { iat: now, id: 'cl', clv: 'cl/1.0', nbf: now + 1_000, aud: 1 }],
])('EN-02 ND-09 a token %s is valid', async (_, claims) => {
  expect(await check(`Bearer ${token(secret, claims)}`)).toBeUndefined();
});

test('EN-02 ND-09 the scheme Bearer is case-insensitive, and the JOSE header may have more fields', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const text = token(secret, { iat: now }, { typ: 'JWT', alg: 'HS256', kid: 'x' });
    expect(await check(`${scheme} ${text}`)).toBeUndefined();
  }
});

test.each([
  ['61 s old', { iat: now - 61 }, 'token was issued more than 60 s ago'],
  ['61 s ahead', { iat: now + 61 }, 'token was issued more than 60 s ahead'],
  ['of the far future', { iat: 1e308 }, 'token was issued more than 60 s ahead'],
  ['without iat', { exp: now + 1 }, 'token has no iat'],
  ['whose iat is a string', { iat: String(now) }, 'token has no iat'],
  ['that has expired', { iat: now, exp: now }, 'token has expired'],
  ['whose exp is null', { iat: now, exp: null }, 'token has expired'],
  ['whose claims are null', null, 'token is malformed'],
])('EN-02 ND-09 a token %s is refused', async (_, claims, fault) => {
  expect(await check(`Bearer ${token(secret, claims)}`)).toBe(fault);
});

const right = token(secret, { iat: now });
const [head, body, signature = ''] = right.split('.');
test.each<[string, string | undefined, string]>([
  ['nothing', undefined, 'missing bearer token'],
  ['an empty token', 'Bearer ', 'missing bearer token'],
  ['a token without its scheme', right, 'missing bearer token'],
  ['another scheme', `Basic ${right}`, 'missing bearer token'],
  ['two tokens', `Bearer ${right} ${right}`, 'missing bearer token'],
  ['no token', 'Bearer x', 'token is malformed'],
  ['a token of two parts', `Bearer ${head}.${body}`, 'token is malformed'],
  ['a token of four parts', `Bearer ${right}.${signature}`, 'token is malformed'],
  ['a truncated signature', `Bearer ${right.slice(0, -4)}`, 'token is signed with another secret'],
  ['no signature', `Bearer ${head}.${body}.`, 'token is signed with another secret'],
  [
    'claims of another token',
    `Bearer ${head}.${token(secret, { iat: now + 1 }).split('.')[1]}.${signature}`,
    'token is signed with another secret',
  ],
  ['another secret', `Bearer ${token(other, { iat: now })}`, 'token is signed with another secret'],
  ...['none', 'None', 'HS384', 'HS512', 'RS256', 'hs256'].map((alg): [string, string, string] => [
    `the algorithm ${alg}`,
    `Bearer ${token(secret, { iat: now }, { alg })}`,
    'token is not HS256',
  ]),
  [
    'none, and a signature for HS256',
    `Bearer ${token(secret, { iat: now }, { alg: 'none' })}${signature}`,
    'token is not HS256',
  ],
  ['no algorithm', `Bearer ${token(secret, { iat: now }, {})}`, 'token is malformed'],
])('EN-02 ND-09 %s is refused', async (_, authorization, fault) => {
  expect(await check(authorization)).toBe(fault);
});

test('EN-02 ND-09 times are compared with the given clock', async () => {
  const clock = createVirtualClock({ now: now * 1_000 });
  const late = await createTokenCheck({ secret, clock });
  expect(await late(`Bearer ${right}`)).toBeUndefined();
  clock.jump(61_000);
  expect(await late(`Bearer ${right}`)).toBe('token was issued more than 60 s ago');
  clock.jump(-122_000);
  expect(await late(`Bearer ${right}`)).toBe('token was issued more than 60 s ahead');
});

test.each([0, 31, 33])('EN-02 ND-09 a secret of %i bytes is refused', async (length) => {
  const options = { secret: new Uint8Array(length), clock: createVirtualClock() };
  await expect(createTokenCheck(options)).rejects.toMatchObject({ code: 'jwtsecret-invalid' });
});
