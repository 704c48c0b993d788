/** The whole: sign-in or the shell, and in the shell the page that the address names. Pages load when visited. */

import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";

import { useSession } from "../api/context";
import { Failure, Skeleton } from "../parts/States";
import { SignIn } from "../pages/SignIn";
import { Shell } from "./Shell";

const OverviewPage = lazy(() => import("../pages/OverviewPage"));
const FindingsPage = lazy(() => import("../pages/FindingsPage"));
const FindingPage = lazy(() => import("../pages/FindingPage"));
const AssetsPage = lazy(() => import("../pages/AssetsPage"));
const AssetPage = lazy(() => import("../pages/AssetPage"));
const CompliancePage = lazy(() => import("../pages/CompliancePage"));
const PolicyPage = lazy(() => import("../pages/PolicyPage"));
const FrameworkPage = lazy(() => import("../pages/FrameworkPage"));
const ImagesPage = lazy(() => import("../pages/ImagesPage"));
const ImagePage = lazy(() => import("../pages/ImagePage"));
const CodeRoom = lazy(() => import("../pages/CodeRoom"));
const CodePage = lazy(() => import("../pages/CodePage"));
const FleetPage = lazy(() => import("../pages/FleetPage"));
const GovernancePage = lazy(() => import("../pages/GovernancePage"));
const SettingsPage = lazy(() => import("../pages/SettingsPage"));
const MissingPage = lazy(() => import("../pages/MissingPage"));

export function App() {
  const { data: session, error, isPending, refetch } = useSession();
  if (isPending) return <div className="boot" aria-busy="true" />;
  if (session === undefined) return <main className="boot"><Failure error={error} retry={() => void refetch()} /></main>;
  // The address stays as it is: who signs in again is back where the session ended.
  if (session === null) return <SignIn />;
  return (
    <Shell session={session}>
      <Suspense fallback={<div className="page"><Skeleton lines={8} height={18} /></div>}>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/findings" component={FindingsPage} />
          <Route path="/findings/:id">{({ id }) => <FindingPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/assets" component={AssetsPage} />
          <Route path="/assets/:id">{({ id }) => <AssetPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/images" component={ImagesPage} />
          <Route path="/images/:id">{({ id }) => <ImagePage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/code" component={CodeRoom} />
          <Route path="/code/:id">{({ id }) => <CodePage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/compliance" component={CompliancePage} />
          <Route path="/compliance/frameworks/:id">{({ id }) => <FrameworkPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/compliance/:id">{({ id }) => <PolicyPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/fleet" component={FleetPage} />
          <Route path="/governance" component={GovernancePage} />
          <Route path="/settings" component={SettingsPage} />
          <Route path="/sign-in"><Redirect to="/" replace /></Route>
          <Route component={MissingPage} />
        </Switch>
      </Suspense>
    </Shell>
  );
}
