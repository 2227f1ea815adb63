// The files of a drop or a file field, with those of folders.
const most = 5000;

// A folder's files come in no order that people know: they are taken by name.
const { compare } = new Intl.Collator(undefined, { numeric: true });
const path = (f: File): string => f.webkitRelativePath || f.name;

const inFolder = async (e: FileSystemEntry, into: File[]): Promise<void> => {
  if (into.length >= most) return;
  if (e.isFile) { into.push(Object.assign(await new Promise<File>((done, fail) => (e as FileSystemFileEntry).file(done, fail)), { path: e.fullPath })); return; }
  const reader = (e as FileSystemDirectoryEntry).createReader();
  const all: FileSystemEntry[] = [];
  for (let some: FileSystemEntry[]; all.length < most && (some = await new Promise((done, fail) => reader.readEntries(done, fail))).length;) all.push(...some); // a reader gives some at a time
  for (const one of all.sort((a, b) => compare(a.name, b.name))) await inFolder(one, into);
};

// filesOf returns what an event holds. It is called while the event lasts: afterwards its
// files are gone.
export const filesOf = (event: Event): Promise<File[]> => {
  if (!(event instanceof DragEvent)) return Promise.resolve([...((event.target as HTMLInputElement).files ?? [])].slice(0, most).sort((a, b) => compare(path(a), path(b))));
  const found: (FileSystemEntry | File)[] = [...(event.dataTransfer?.items ?? [])].flatMap((i) => (i.kind === "file" ? [i.webkitGetAsEntry() ?? i.getAsFile()] : [])).filter((x) => x !== null).sort((a, b) => compare(a.name, b.name));
  const all: File[] = [];
  return found.reduce(async (before, x) => { await before; if (x instanceof File) all.push(x); else await inFolder(x, all); }, Promise.resolve()).then(() => all);
};
