// Keeps the focus in the page: what had it may go, or be switched off while it works.

// keepFocus gives the focus to the nearest that takes it when the element that has it is
// removed, or stays switched off, as long as the page is there. Pages that know better have
// moved it before.
export const keepFocus = (): void => {
  let had: HTMLElement | null = null;
  let around: HTMLElement[] = [];
  let timer = 0;
  const lost = (): boolean => document.activeElement === document.body;
  const off = (e: HTMLElement): boolean => !e.isConnected || e.matches(":disabled");
  const find = (): void => {
    timer = 0;
    if (!had || !lost()) return;
    let next = off(had) ? undefined : had;
    for (const p of around) {
      if (next) break;
      // no field: it would take the letters that act on pictures
      const all = [...p.querySelectorAll<HTMLElement>("[data-main], a, button, h1")].filter((e) => !off(e) && e.checkVisibility());
      next = all.find((e) => p.matches("main") && e.matches("h1")) ?? all[0]; // a new page begins at its heading
    }
    next?.focus({ preventScroll: true });
  };
  new MutationObserver(() => { if (had && lost()) timer ||= +setTimeout(find, 300); }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  addEventListener("focusin", (e) => {
    had = e.target as HTMLElement;
    around = [];
    for (let p = had.parentElement; p; p = p.parentElement) around.push(p);
  });
  // somebody who presses beside everything wants the focus nowhere
  addEventListener("focusout", () => void setTimeout(() => { if (had && lost() && !off(had)) had = null; }));
};
