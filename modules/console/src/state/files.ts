// The files of a drop or a file field, with those of folders.
const most = 5000;

const inFolder = async (e: FileSystemEntry, into: File[]): Promise<void> => {
  if (into.length >= most) return;
  if (e.isFile) { into.push(await new Promise<File>((done, fail) => (e as FileSystemFileEntry).file(done, fail))); return; }
  const reader = (e as FileSystemDirectoryEntry).createReader();
  for (;;) { // a reader gives some entries at a time
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const one of some) await inFolder(one, into);
  }
};

// filesOf returns what an event holds. It is called while the event lasts: afterwards its
// files are gone.
export const filesOf = (event: Event): Promise<File[]> => {
  if (!(event instanceof DragEvent)) return Promise.resolve([...((event.target as HTMLInputElement).files ?? [])].slice(0, most));
  const found: (FileSystemEntry | File)[] = [...(event.dataTransfer?.items ?? [])].flatMap((i) => (i.kind === "file" ? [i.webkitGetAsEntry() ?? i.getAsFile()] : [])).filter((x) => x !== null);
  const all: File[] = [];
  return found.reduce(async (before, x) => { await before; if (x instanceof File) all.push(x); else await inFolder(x, all); }, Promise.resolve()).then(() => all);
};
