// PUTs a photo to its upload URL and tells how far it is, 0 to 1.
import { Problem, unreachable } from "../api";

export const put = (url: string, file: Blob, progress: (share: number) => void, signal?: AbortSignal): Promise<void> => new Promise((done, fail) => {
  const request = new XMLHttpRequest();
  request.open("PUT", url);
  request.setRequestHeader("x-ms-blob-type", "BlockBlob");
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
  // 409: an earlier try of this PUT arrived although its answer did not
  request.onload = () => (request.status < 300 || request.status === 409 ? done() : fail(new Problem(request.status, `upload_${request.status}`, `HTTP ${request.status}`)));
  request.onerror = () => fail(new Problem(0, unreachable, "The upload broke off"));
  request.onabort = () => fail(new DOMException("", "AbortError"));
  signal?.addEventListener("abort", () => request.abort());
  request.send(file);
});
