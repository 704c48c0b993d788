/** A dialog over the page: focus is kept inside and given back. */

import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useRef, type ReactNode } from "react";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  wide?: boolean;
  bare?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, description, wide, bare, children }: Props) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Base.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup
          ref={popup}
          // What is to be filled in comes first, not the button that leaves.
          initialFocus={() => popup.current?.querySelector<HTMLElement>("input:checked, input, textarea, select, .primary") ?? true}
          className={`dialog ${wide ? "dialog-wide" : ""} ${bare ? "dialog-bare" : ""}`}>
          <header className={bare ? "visually-hidden" : "dialog-head"}>
            <Base.Title render={<h2 />}>{title}</Base.Title>
            {bare ? null : (
              <Base.Close className="icon-button" aria-label="Close">
                <X size={18} aria-hidden />
              </Base.Close>
            )}
          </header>
          {description ? <Base.Description className="dialog-text">{description}</Base.Description> : null}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
