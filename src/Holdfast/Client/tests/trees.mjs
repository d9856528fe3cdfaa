// Writes the bundle of trees.ts to the standard output: the browser tests of the trees run it in their page.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('trees.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'holdfastTrees',
    target: 'es2022',
    charset: 'utf8',
});
process.stdout.write(outputFiles[0].contents);
