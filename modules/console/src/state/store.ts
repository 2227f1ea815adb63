// The browser's storage of photos that are not up yet, so that a reload loses none.
type Store = "uploads" | "photos";

const base = (): Promise<IDBDatabase> => new Promise((done, fail) => {
  const r = indexedDB.open("opal-console", 2);
  r.onupgradeneeded = () => {
    const keys = { uploads: "item", photos: "key" };
    for (const name of Object.keys(keys) as Store[]) if (!r.result.objectStoreNames.contains(name)) r.result.createObjectStore(name, { keyPath: keys[name] });
  };
  r.onsuccess = () => done(r.result);
  r.onerror = () => fail(r.error);
});

export const inStore = async <T>(name: Store, mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> => {
  try {
    const db = await base();
    return await new Promise<T>((done, fail) => {
      const t = db.transaction(name, mode);
      const r = act(t.objectStore(name));
      t.oncomplete = () => { done(r.result); db.close(); };
      t.onerror = () => fail(t.error);
      t.onabort = () => fail(t.error);
    });
  } catch { return undefined; } // a browser that keeps nothing: the photos live in this tab
};
