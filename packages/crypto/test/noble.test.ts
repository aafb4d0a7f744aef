import { nobleCrypto } from '../src/index.ts';
import { backendSuite } from './backend-suite.ts';

backendSuite('noble', nobleCrypto);
