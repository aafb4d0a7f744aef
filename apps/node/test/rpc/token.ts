import { createHmac } from 'node:crypto';

/** Hashes, by the names of their algorithms. */
const hashes: Readonly<Record<string, string>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
};

/** A JSON Web Token, with an empty signature if its algorithm is not in `hashes`. */
export function token(secret: Uint8Array, claims: unknown, header: object = { alg: 'HS256' }): string {
  const { alg = '' } = header as { alg?: string };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const hash = hashes[alg];
  const signature = hash && createHmac(hash, secret).update(signed).digest('base64url');
  return `${signed}.${signature ?? ''}`;
}

/** The authorization header of a consensus client. */
export function bearer(secret: Uint8Array, now: number = Date.now()): { authorization: string } {
  return { authorization: `Bearer ${token(secret, { iat: Math.floor(now / 1_000) })}` };
}
