import { appendFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fuzz } from './run.ts';
import { addrmanTargets } from './targets/addrman.ts';
import { crawlerTargets } from './targets/crawler.ts';
import { discv4Targets } from './targets/discv4.ts';
import { dnsdiscTargets } from './targets/dnsdisc.ts';
import { enrTargets } from './targets/enr.ts';
import { ethTargets } from './targets/eth.ts';
import { fileTargets } from './targets/files.ts';
import { natTargets } from './targets/nat.ts';
import { peerTargets } from './targets/peer.ts';
import { rlpTargets } from './targets/rlp.ts';
import { rlpxTargets } from './targets/rlpx.ts';
import { rpcTargets } from './targets/rpc.ts';

/** Set by `npm run fuzz`; `FUZZ_ONLY` is a JSON array of names, empty for all. */
const { FUZZ_INPUTS = '500', FUZZ_SEED = '1', FUZZ_ONLY = '[]', FUZZ_RESULTS = '' } = process.env;
const { FUZZ_LIST = '' } = process.env;

const targets = [
  ...rlpTargets,
  ...enrTargets,
  ...discv4Targets,
  ...rlpxTargets,
  ...peerTargets,
  ...ethTargets,
  ...dnsdiscTargets,
  ...addrmanTargets,
  ...fileTargets,
  ...rpcTargets,
  ...natTargets,
  ...crawlerTargets,
];
if (FUZZ_LIST !== '') writeFileSync(FUZZ_LIST, targets.map(({ name }) => name).join('\n'));
const only = JSON.parse(FUZZ_ONLY) as string[];
const chosen = only.length === 0 ? targets : targets.filter(({ name }) => only.includes(name));

test.each(chosen)('HX-19 $name: decoded or refused with its own error', async (target) => {
  const outcome = await fuzz(target, Number(FUZZ_INPUTS), Number(FUZZ_SEED));
  const { decoded, inputs } = outcome;
  if (FUZZ_RESULTS !== '') {
    appendFileSync(FUZZ_RESULTS, `${JSON.stringify({ name: target.name, ...outcome })}\n`);
  }
  // Inputs that are all refused, or all decoded, test little; a decoder without errors has only one outcome.
  expect(decoded).toBeGreaterThan(0);
  if (target.errors.length > 0) expect(decoded).toBeLessThan(inputs);
});
