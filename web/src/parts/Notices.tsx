/** Short messages at the lower edge, with one action at most. Failures stay until closed and carry their reference. */

import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { createContext, useContext, useMemo, type ReactNode } from "react";

import { ApiProblem } from "../api/client";

interface Notice {
  text: string;
  detail?: string;
  action?: { text: string; run: () => Promise<void> | void };
}

interface Notices {
  say: (notice: Notice) => void;
  failed: (what: string, error: unknown) => void;
}

const NoticesContext = createContext<Notices | null>(null);

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("useNotices outside of NoticesProvider");
  return notices;
}

export function NoticesProvider({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider limit={3}>
      <Bridge>{children}</Bridge>
    </Toast.Provider>
  );
}

function Bridge({ children }: { children: ReactNode }) {
  const { toasts, add, close } = Toast.useToastManager();
  const notices = useMemo<Notices>(
    () => ({
      say: ({ text, detail, action }) => {
        const id = add({
          title: text,
          description: detail,
          timeout: action ? 10_000 : 4_000,
          ...(action
            ? {
                actionProps: {
                  children: action.text,
                  onClick: () => {
                    close(id);
                    void action.run();
                  },
                },
              }
            : {}),
        });
      },
      failed: (what, error) => {
        const reference = error instanceof ApiProblem ? error.problem.reference : undefined;
        const message = error instanceof Error ? error.message : String(error);
        add({ title: what, description: reference ? `${message} (reference ${reference})` : message, type: "error", timeout: 0, priority: "high" });
      },
    }),
    [add, close],
  );
  return (
    <NoticesContext value={notices}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="notices" aria-label="Notices">
          {toasts.map((toast) => (
            <Toast.Root key={toast.id} toast={toast} className="notice" swipeDirection={["right", "down"]}>
              <Toast.Content className="notice-content">
                <div className="notice-text">
                  <Toast.Title className="notice-title" render={<p />} />
                  {toast.description ? <Toast.Description className="notice-detail" /> : null}
                </div>
                {toast.actionProps ? <Toast.Action className="button small" /> : null}
                <Toast.Close className="icon-button" aria-label="Close">
                  <X size={16} aria-hidden />
                </Toast.Close>
              </Toast.Content>
            </Toast.Root>
          ))}
        </Toast.Viewport>
      </Toast.Portal>
    </NoticesContext>
  );
}
