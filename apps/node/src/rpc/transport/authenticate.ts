import type { RequestListener } from 'node:http';
import { refuse, refuseUpgrade, type UpgradeListener } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import type { TokenCheck } from './jwt.ts';

/** Lets through what has the right token. The rest gets 401, and nothing of its body is kept. */
export function authenticateRequests(
  check: TokenCheck,
  next: RequestListener,
  clock: Clock,
): RequestListener {
  return async (request, response) => {
    const fault = await check(request.headers.authorization);
    if (fault === undefined) next(request, response);
    else refuse(request, response, 401, fault, clock);
  };
}

/** Lets through what has the right token. The rest gets 401. */
export function authenticateUpgrades(check: TokenCheck, next: UpgradeListener): UpgradeListener {
  return async (request, socket, head) => {
    // Nobody else listens to it meanwhile.
    socket.on('error', () => {});
    const fault = await check(request.headers.authorization);
    if (fault === undefined) next(request, socket, head);
    else refuseUpgrade(socket, 401, fault);
  };
}
