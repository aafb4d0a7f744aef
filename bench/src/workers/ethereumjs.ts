import { RLP } from '@ethereumjs/rlp';
import { genericRlpCases } from './generic-rlp.ts';
import { rlpxCases } from './rlpx-ethereumjs.ts';
import { serve } from './serve.ts';

const [, , folder = ''] = process.argv;

await serve({ ...rlpxCases(folder), ...genericRlpCases(folder, RLP) });
