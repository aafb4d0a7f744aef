import type { Clock } from '@devp2p/clock';
import { NodeError } from '../../errors/node-error.ts';

/**
 * Allowed difference between `iat` of a token and the clock, in seconds (execution-apis,
 * `src/engine/authentication.md`).
 */
const maxSkew = 60;

/** Resolves with the error of an `Authorization` header; `undefined` for a valid one. Never rejects. */
export type TokenCheck = (authorization: string | undefined) => Promise<string | undefined>;

/** @see createTokenCheck */
export interface TokenCheckOptions {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
}

/** By codes of jose. */
const faults: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'token is not HS256',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'token is signed with another secret',
};

/**
 * Creates a check for JSON Web Tokens of the Engine API: HS256, an `iat` within a minute of the clock, and, if present,
 * an `exp` in the future. Other claims are ignored.
 *
 * @throws NodeError `jwtsecret-invalid` when the secret has another length
 */
export async function createTokenCheck({ secret, clock }: TokenCheckOptions): Promise<TokenCheck> {
  if (secret.length !== 32) {
    throw new NodeError('jwtsecret-invalid', `a JWT secret has 32 bytes, not ${secret.length}`);
  }
  // Few nodes have such a port, and the others need not wait for it.
  const { compactVerify } = await import('jose');
  return async (authorization) => {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return 'missing bearer token';
    try {
      // Not `jwtVerify`, whose tolerance would hold for `exp` as well.
      const { payload } = await compactVerify(token, secret, { algorithms: ['HS256'] });
      return faultOf(JSON.parse(new TextDecoder().decode(payload)), clock.now() / 1_000);
    } catch (error) {
      return faults[(error as { code?: string }).code ?? ''] ?? 'token is malformed';
    }
  };
}

function faultOf({ iat, exp }: Readonly<Record<string, unknown>>, now: number): string | undefined {
  if (typeof iat !== 'number') return 'token has no iat';
  if (now - iat > maxSkew) return `token was issued more than ${maxSkew} s ago`;
  if (iat - now > maxSkew) return `token was issued more than ${maxSkew} s ahead`;
  if (exp !== undefined && !(typeof exp === 'number' && now < exp)) return 'token has expired';
  return undefined;
}
