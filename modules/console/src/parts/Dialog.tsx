// A modal dialog. It gives the focus back to what had it.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export const Dialog = ({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) => {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => { if (before instanceof HTMLElement && before.isConnected) before.focus(); };
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={close} onClick={(e) => { if (e.target === ref.current) close(); }}>
      <div class="dialog-inner"><h2 id={id}>{title}</h2>{children}</div>
    </dialog>
  );
};
