import { RLP } from '@ethereumjs/rlp';
import { genericRlpCases } from './generic-rlp.ts';
import { serve } from './serve.ts';

const [, , folder = ''] = process.argv;

await serve({ ...genericRlpCases(folder, RLP) });
