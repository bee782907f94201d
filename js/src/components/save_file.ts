/** Save files as downloads. */

/** Hand a file to the browser as a download. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // Wait until the browser has read the file.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A set's name as part of a file name: letters and digits of any script, and characters that all systems allow. */
export function fileName(name: string, fallback: string): string {
  const plain = name
    .normalize("NFKC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .slice(0, 80)
    .replace(/^[-.]+|[-.]+$/g, "");
  return plain || fallback;
}
