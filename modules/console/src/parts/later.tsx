// A page that is loaded when it is first opened.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { complain } from "../state/notice";
import { t } from "../words";
import { Loading } from "./Empty";

export const later = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> => {
  let there: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [Page, set] = useState<ComponentType<P> | null>(() => there);
    useEffect(() => { if (!there) load().then((page) => { there = page; set(() => page); }, complain); }, []);
    return Page ? <Page {...props} /> : <Loading page text={t("loading")} />;
  };
};
