/** The main module of a thread, beside this one: built, or as a source when this one is. */
export function threadModule(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`${name}-thread.${extension}`, import.meta.url);
}
