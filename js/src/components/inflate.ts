/** Return what was gzipped. Rejects if it is not gzip. */
export function inflate(gzip: Blob): Promise<Blob> {
  return new Response(gzip.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
}
