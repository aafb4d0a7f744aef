import type { RequestListener } from 'node:http';
import { refuse, refuseUpgrade, type UpgradeListener } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import type { TokenCheck } from './jwt.ts';

/** Forwards requests with a valid token. Others get 401, and their bodies are discarded. */
export function authenticateRequests(check: TokenCheck, next: RequestListener, clock: Clock): RequestListener {
  return async (request, response) => {
    const fault = await check(request.headers.authorization);
    if (fault === undefined) next(request, response);
    else refuse(request, response, 401, fault, clock);
  };
}

/** Forwards upgrades with a valid token. Others get 401. */
export function authenticateUpgrades(check: TokenCheck, next: UpgradeListener): UpgradeListener {
  return async (request, socket, head) => {
    // The socket has no other listener meanwhile.
    socket.on('error', () => {});
    const fault = await check(request.headers.authorization);
    if (fault === undefined) next(request, socket, head);
    else refuseUpgrade(socket, 401, fault);
  };
}
