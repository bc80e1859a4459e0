// peers.mjs - a peer of bench/solve: npm's delaunator.
//     node peers.mjs CASE FILE      the protocol of kernels.c
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Found from the working directory too, so that it may be installed anywhere.
const find = createRequire(pathToFileURL(process.cwd() + "/"));
const { default: Delaunator } = await import(pathToFileURL(find.resolve("delaunator")));
const bytes = readFileSync(process.argv[3]);
const places = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
console.log("ready delaunator");
for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const { triangles } = new Delaunator(places);
    console.log((performance.now() - start) / 1e3, triangles.length / 3);
}
