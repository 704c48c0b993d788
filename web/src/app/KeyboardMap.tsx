import { SHORTCUTS } from "../lib/keyboard";
import { Dialog } from "../parts/Dialog";
import { Key } from "../parts/Small";

export function KeyboardMap({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard" wide>
      <div className="keymap">
        {(["Anywhere", "Lists", "Go to"] as const).map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {SHORTCUTS.filter((shortcut) => shortcut.group === group).map(({ keys, text }) => (
                <div key={keys}>
                  <dt>
                    <Key keys={keys} />
                  </dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
