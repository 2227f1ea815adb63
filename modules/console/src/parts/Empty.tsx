// What a page says when it has nothing to show.
import type { ComponentChildren } from "preact";
import { notice } from "../state/notice";
import { t } from "../words";

export const Empty = ({ title, page = false, children }: { title: string; page?: boolean; children?: ComponentChildren }) => (
  <div class="empty">{page ? <h1 tabIndex={-1}>{title}</h1> : <h2>{title}</h2>}{children}</div>
);

// Loading with page stands for a whole page, which then has a heading. After a refusal
// nothing more comes, and it offers another try.
export const Loading = ({ text, page = false }: { text: string; page?: boolean }) => <>{page && <h1 class="unseen">OPAL</h1>}{notice.value?.kind === "bad"
  ? <p class="loading"><button type="button" onClick={() => location.reload()}>{t("tile.again")}</button></p> : <p class="loading" aria-live="polite">{text}</p>}</>;
