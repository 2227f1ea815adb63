// What a page says when it has nothing to show.
import type { ComponentChildren } from "preact";

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty"><h2>{title}</h2>{children}</div>
);

export const Loading = ({ text }: { text: string }) => <p class="loading" aria-live="polite">{text}</p>;
