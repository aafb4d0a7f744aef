#!/usr/bin/env node
// Runs in every Node.js with modules, so that a version that is too old prints an error message, not a stack trace.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const program = new URL('../dist/main.js', import.meta.url);

if (major < 20 || (major === 20 && minor < 19)) {
  fail(`needs Node.js 20.19 or later, and this is ${process.versions.node}`);
} else if (!existsSync(program)) {
  fail('is not built yet: run "npm run build"');
} else {
  import(program.href);
}

function fail(reason) {
  console.error(`devp2p-crawler ${reason}`);
  process.exitCode = 1;
}
