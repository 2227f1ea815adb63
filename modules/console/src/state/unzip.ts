// Reads the pictures of a ZIP that is dropped.
import { unzipSync } from "fflate";

// unzip returns the files whose names match, as far as none is larger than most bytes.
export const unzip = async (file: File, names: RegExp, most: number): Promise<File[]> => {
  const found = unzipSync(new Uint8Array(await file.arrayBuffer()), { filter: (e) => names.test(e.name) && !e.name.includes("__MACOSX/") && e.originalSize <= most });
  return Object.entries(found).map(([name, bytes]) => new File([bytes as BlobPart], name.split("/").pop()!, { type: "" }));
};
