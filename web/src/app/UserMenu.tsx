import { Menu } from "@base-ui/react/menu";
import { Keyboard, LogOut, Monitor, Moon, Sun } from "lucide-react";

import { useSessionActions } from "../api/context";
import type { SessionView } from "../api/records";
import { chooseTheme, useTheme, type ThemeChoice } from "../lib/theme";
import { useNotices } from "../parts/Notices";
import { Key } from "../parts/Small";

const THEMES: { value: ThemeChoice; text: string; icon: typeof Sun }[] = [
  { value: "system", text: "As the system", icon: Monitor },
  { value: "light", text: "Light", icon: Sun },
  { value: "dark", text: "Dark", icon: Moon },
];

export function UserMenu({ session, onMap }: { session: SessionView; onMap: () => void }) {
  const { choice, shown } = useTheme();
  const { signOut } = useSessionActions();
  const notices = useNotices();
  return (
    <>
      <button type="button" className="tool" aria-label={shown === "dark" ? "Switch to the light theme" : "Switch to the dark theme"} title={shown === "dark" ? "Light theme" : "Dark theme"} onClick={() => chooseTheme(shown === "dark" ? "light" : "dark")}>
        {shown === "dark" ? <Sun size={17} aria-hidden /> : <Moon size={17} aria-hidden />}
      </button>
      <Menu.Root>
        <Menu.Trigger className="avatar" aria-label={`Signed in as ${session.username}`} title={session.username}>
          {session.username.slice(0, 1).toUpperCase()}
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={8} align="end" className="positioner">
            <Menu.Popup className="menu">
              <Menu.Group>
                <Menu.GroupLabel className="menu-label">
                  <strong>{session.username}</strong>
                  <span>
                    {session.organisation}, {session.role}
                  </span>
                </Menu.GroupLabel>
              </Menu.Group>
              <Menu.Separator className="menu-line" />
              <Menu.RadioGroup value={choice} onValueChange={(value) => chooseTheme(value as ThemeChoice)}>
                {THEMES.map(({ value, text, icon: Icon }) => (
                  <Menu.RadioItem key={value} value={value} className="menu-item" closeOnClick={false}>
                    <Icon size={15} aria-hidden />
                    <span className="menu-grow">{text}</span>
                    <Menu.RadioItemIndicator>✓</Menu.RadioItemIndicator>
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
              <Menu.Separator className="menu-line" />
              <Menu.Item className="menu-item" onClick={onMap}>
                <Keyboard size={15} aria-hidden />
                <span className="menu-grow">Keyboard</span>
                <Key keys="?" />
              </Menu.Item>
              <Menu.Item className="menu-item" onClick={() => void signOut().catch((error: unknown) => notices.failed("Signing out failed", error))}>
                <LogOut size={15} aria-hidden />
                Sign out
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </>
  );
}
