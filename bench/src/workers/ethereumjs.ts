import { RLP } from '@ethereumjs/rlp';
import { theirDiscv4Cases } from './discv4-ethereumjs.ts';
import { theirEnrCases } from './enr-ethereumjs.ts';
import { genericRlpCases } from './generic-rlp.ts';
import { rlpxCases } from './rlpx-ethereumjs.ts';
import { serve } from './serve.ts';

const [, , folder = ''] = process.argv;

await serve({
  ...rlpxCases(folder),
  ...theirDiscv4Cases,
  ...theirEnrCases(folder),
  ...genericRlpCases(folder, RLP),
});
