/** Rail, top bar, the page between them, and what works everywhere: keys, palette, live refresh, the offline banner. */

import { Dialog as Base } from "@base-ui/react/dialog";
import { Menu as MenuIcon, PanelLeftClose, PanelLeftOpen, WifiOff } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import type { SessionView } from "../api/records";
import { useStream } from "../api/stream";
import { useKeys, type Handlers } from "../lib/keyboard";
import { isBoolean, usePreference } from "../lib/preference";
import { Go } from "../parts/Go";
import { Mark } from "../parts/Small";
import { Fence } from "../parts/States";
import { KeyboardMap } from "./KeyboardMap";
import { Palette } from "./Palette";
import { QueryBox } from "./QueryBox";
import { QueryBoxProvider } from "./asked";
import { ROOMS, useRooms } from "./rooms";
import { FeedLamp } from "./FeedLamp";
import { JobsMenu } from "./JobsMenu";
import { UserMenu } from "./UserMenu";

export function Shell({ session, children }: { session: SessionView; children: ReactNode }) {
  const [path, navigate] = useLocation();
  const [slim, setSlim] = usePreference("rail.slim", false, isBoolean);
  const [drawer, setDrawer] = useState(false);
  const [map, setMap] = useState(false);
  const [palette, setPalette] = useState(false);
  const main = useRef<HTMLElement>(null);
  const line = useStream(true);
  const room = ROOMS.find((one) => (one.path === "/" ? path === "/" : path === one.path || path.startsWith(`${one.path}/`)));

  const keys: Handlers = { "?": () => setMap(true), "mod+k": () => setPalette((open) => !open) };
  const rooms = useRooms();
  for (const one of rooms) keys[one.keys] = () => navigate(one.path);
  useKeys(keys);

  // A new page begins at its top, and screen readers hear its name.
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path) {
      before.current = path;
      main.current?.scrollTo(0, 0);
    }
  }, [path]);
  useEffect(() => {
    document.title = room ? `${room.title} · Bartizan` : "Bartizan";
  }, [room]);

  return (
    <QueryBoxProvider>
      <div className={`shell ${slim ? "slim" : ""}`}>
        <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
          Skip to the page
        </a>
        <nav className="rail" aria-label="Rooms">
          <Go to="/" className="brand" aria-label="Bartizan, overview">
            <Mark />
            <span className="rail-text">Bartizan</span>
          </Go>
          <RoomLinks current={room?.path} />
          <button type="button" className="rail-link rail-fold" onClick={() => setSlim(!slim)} aria-pressed={slim}>
            {slim ? <PanelLeftOpen size={18} aria-hidden /> : <PanelLeftClose size={18} aria-hidden />}
            <span className="rail-text">Collapse</span>
          </button>
        </nav>
        <header className="topbar">
          <button type="button" className="icon-button rail-open" aria-label="Rooms" onClick={() => setDrawer(true)}>
            <MenuIcon size={20} aria-hidden />
          </button>
          <QueryBox />
          <div className="topbar-tools">
            <FeedLamp />
            <JobsMenu />
            <UserMenu session={session} onMap={() => setMap(true)} />
          </div>
        </header>
        <main ref={main} id="main" className="main" tabIndex={-1}>
          {line === "lost" ? (
            <p className="offline" role="status">
              <WifiOff size={16} aria-hidden /> The server does not answer. What you see may be out of date; it is refreshed as soon as the server is back.
            </p>
          ) : null}
          <Fence place={path}>{children}</Fence>
        </main>
      </div>
      <Base.Root open={drawer} onOpenChange={setDrawer}>
        <Base.Portal>
          <Base.Backdrop className="backdrop" />
          <Base.Popup className="drawer" aria-label="Rooms">
            <Base.Title className="visually-hidden">Rooms</Base.Title>
            <div className="brand">
              <Mark />
              <span>Bartizan</span>
            </div>
            <RoomLinks current={room?.path} onGo={() => setDrawer(false)} />
          </Base.Popup>
        </Base.Portal>
      </Base.Root>
      <KeyboardMap open={map} onClose={() => setMap(false)} />
      <Palette open={palette} onClose={() => setPalette(false)} onMap={() => setMap(true)} />
    </QueryBoxProvider>
  );
}

function RoomLinks({ current, onGo }: { current: string | undefined; onGo?: () => void }) {
  const rooms = useRooms();
  return (
    <ul className="rooms">
      {rooms.map(({ path, title, icon: Icon, keys }) => (
        <li key={path}>
          <Go to={path} className={`rail-link ${path === current ? "here" : ""}`} aria-current={path === current ? "page" : undefined} title={`${title} (${keys})`} onClick={onGo}>
            <Icon size={18} aria-hidden />
            <span className="rail-text">{title}</span>
          </Go>
        </li>
      ))}
    </ul>
  );
}
