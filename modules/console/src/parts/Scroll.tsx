// A table that may be wider than the page: it scrolls by keyboard, too.
import type { ComponentChildren } from "preact";

export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => <div class="scroll" tabIndex={0} role="group" aria-label={label}>{children}</div>;
