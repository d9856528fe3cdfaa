// Builds ../wwwroot/holdfast.js, which is committed: a .NET user needs no Node. The same sources give the same bytes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const outfile = fileURLToPath(new URL('../wwwroot/holdfast.js', import.meta.url));

await build({
    entryPoints: [fileURLToPath(new URL('src/main.ts', import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    sourcemap: false,
});

const bytes = readFileSync(outfile);
const limit = 12 * 1024;
const brotli = brotliCompressSync(bytes).length;
console.log(`holdfast.js: ${bytes.length} bytes, ${brotli} with brotli`);
if (brotli > limit)
    throw new Error(`holdfast.js has ${brotli} bytes with brotli, over its limit of ${limit}. Make it smaller, or argue for another limit.`);
