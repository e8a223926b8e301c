import { Problem } from "@shared/api/problem";

export interface Link {
  url: string;
  fields: Record<string, string>;
  max_bytes: number;
}

/** The file, straight to where the link says: its fields first and the file last. `fetch` cannot tell how far an upload
 * is, so this is an XMLHttpRequest. */
export function upload(link: Link, file: Blob, progress: (part: number) => void, signal: AbortSignal): Promise<void> {
  if (file.size > link.max_bytes) return Promise.reject(new Problem(413, "file_too_large", ""));
  const form = new FormData();
  for (const [name, value] of Object.entries(link.fields)) form.append(name, value);
  form.append("file", file);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", link.url);
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => (request.status >= 200 && request.status < 300 ? done() : fail(new Problem(request.status, "upload_refused", "")));
    request.onerror = () => fail(new Problem(0, "unreachable", ""));
    request.onabort = () => fail(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
