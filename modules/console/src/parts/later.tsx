// A page that is loaded when it is first opened.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../words";
import { Empty, Loading } from "./Empty";

// A page that can't be had says so in its place. It is asked for again by a button, and as soon
// as the network is there.
export const later = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> => {
  let there: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [Page, set] = useState<ComponentType<P> | null>(() => there);
    const [broke, fail] = useState(false);
    const read = (failed: () => void): void => { load().then((page) => { there = page; set(() => page); }, failed); };
    const broken = (): void => fail(true);
    useEffect(() => {
      if (there) return;
      read(broken);
      const back = (): void => { if (!there) read(broken); };
      addEventListener("online", back);
      return () => removeEventListener("online", back);
    }, []);
    if (Page) return <Page {...props} />;
    if (!broke) return <Loading page text={t("loading")} />;
    // with a network, the file may be gone with an older console: the page is loaded anew
    return <Empty page title={t("trouble")}><p>{t("error.unreachable")}</p><p><button type="button" onClick={() => read(() => { if (navigator.onLine) location.reload(); })}>{t("tile.again")}</button></p></Empty>;
  };
};
