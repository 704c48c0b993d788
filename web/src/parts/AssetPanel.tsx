/** An asset in the side panel. */

import { Maximize2 } from "lucide-react";

import { useAsset } from "../api/hooks";
import { asset, findings, OPEN } from "../lib/paths";
import { both, term } from "../lib/querytext";
import { Factors, SeverityNumbers } from "./Bars";
import { Go } from "./Go";
import { Tag, Time } from "./Small";
import { Failure, Skeleton } from "./States";

export function AssetPanel({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useAsset(id);
  if (isPending) return <div className="panel-body"><Skeleton lines={10} height={18} /></div>;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const mine = both(OPEN, term("asset", data.name));
  return (
    <div className="panel-body">
      <header className="panel-head">
        <p className="panel-kicker capital">{data.kind}</p>
        <h2>
          <Go to={asset(data.id)} className="link plain-link">{data.name}</Go>
        </h2>
        <p className="small-text muted">
          {data.os ? `${data.os}, seen ` : "Seen "}
          <Time at={data.last_seen} />
        </p>
        <p className="tags">{data.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</p>
        <div className="panel-actions">
          <Go to={asset(data.id)} className="button primary small"><Maximize2 size={14} aria-hidden /> Full page</Go>
        </div>
      </header>
      <section>
        <h3>Risk <span className="muted">{Math.round(data.risk)} of 100</span></h3>
        <Factors factors={data.risk_factors} label="How the risk came about" />
      </section>
      <section>
        <h3>Open findings</h3>
        <SeverityNumbers counts={data.open} link={(severity) => findings(both(mine, term("severity", severity)))} />
      </section>
    </div>
  );
}
