// What a page says when it has nothing to show.
import type { ComponentChildren } from "preact";

export const Empty = ({ title, page = false, children }: { title: string; page?: boolean; children?: ComponentChildren }) => (
  <div class="empty">{page ? <h1 tabIndex={-1}>{title}</h1> : <h2>{title}</h2>}{children}</div>
);

// Loading with page stands for a whole page, which then has a heading.
export const Loading = ({ text, page = false }: { text: string; page?: boolean }) => <>{page && <h1 class="unseen">OPAL</h1>}<p class="loading" aria-live="polite">{text}</p></>;
