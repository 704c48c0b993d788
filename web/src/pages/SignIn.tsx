/** Sign-in. It is shown in place of whatever page was asked for, so that signing in leads back there. */

import { Eye, EyeOff } from "lucide-react";
import { useEffect, useRef, useState, type SyntheticEvent } from "react";
import { useLocation } from "wouter";

import { ApiProblem } from "../api/client";
import { useSessionActions } from "../api/context";
import { Mark } from "../parts/Small";

export function SignIn() {
  const { signIn } = useSessionActions();
  const [path] = useLocation();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [visible, setVisible] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Bartizan";
    first.current?.focus();
  }, []);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(username, password);
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(event) => void submit(event)}>
        <div className="sign-in-brand">
          <Mark size={40} />
          <div>
            <h1>Bartizan</h1>
            <p className="muted">One watch over the whole estate</p>
          </div>
        </div>
        {path !== "/" && !error ? <p className="sign-in-note">Sign in to go on to the page that you were on.</p> : null}
        {error ? (
          <p className="sign-in-error" role="alert">
            <strong>{error instanceof ApiProblem ? error.problem.title : "Signing in failed"}</strong>
            <span>{error instanceof Error ? error.message : ""}</span>
          </p>
        ) : null}
        <div className="field">
          <label htmlFor="username">Name</label>
          <input ref={first} id="username" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={username} onChange={(event) => setUsername(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="password">Password</label>
          <div className="with-button">
            <input id="password" name="password" type={visible ? "text" : "password"} autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
            <button type="button" className="icon-button" aria-pressed={visible} aria-label={visible ? "Hide the password" : "Show the password"} onClick={() => setVisible(!visible)}>
              {visible ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
            </button>
          </div>
        </div>
        <button type="submit" className="button primary wide" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p className="muted small-text">
          The first password was shown once, when <code>bartizan up</code> ran for the first time.
        </p>
      </form>
    </main>
  );
}
