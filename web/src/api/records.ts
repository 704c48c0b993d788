/**
 * What the API answers, as the server's `api/records.py` defines it. Names are the wire's names.
 */

export type Severity = "critical" | "high" | "medium" | "low" | "info" | "unknown";
export type Verdict = "fail" | "unknown";
export type FindingState = "open" | "fixed" | "accepted" | "false-positive" | "not-affected" | "deferred" | "unknown";
export type DecisionVerdict = "accepted" | "false-positive" | "not-affected" | "deferred";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Page<Item> {
  items: Item[];
  next?: string | null;
  total: number;
  total_at_least?: boolean;
}

export type SeverityCounts = Record<Severity, number>;

export interface SessionView {
  username: string;
  organisation: string;
  role: "admin" | "analyst" | "reader";
  expires_at: string;
  csrf_token: string;
}

export interface FeedView {
  source: string;
  records: number;
  newest: string | null;
}

export type Lamp = "green" | "amber" | "red";

export interface Knowledge {
  id: string | null;
  imported_at: string | null;
  newest: string | null;
  age_days: number | null;
  lamp: Lamp;
  reason: string;
  feeds: FeedView[];
}

export interface RiskFactor {
  name: string;
  points: number;
  text: string;
}

export interface AssetSummary {
  id: string;
  kind: string;
  name: string;
  key: string;
  os: string;
  open: SeverityCounts;
  risk: number;
  last_seen: string;
  sources: string[];
  tags: string[];
  policy_pass: number;
  policy_fail: number;
  policy_unknown: number;
}

export interface SectionView {
  name: string;
  digest: string;
  since: string;
  problems: number;
}

export interface Problem {
  path: string;
  reason: string;
}

export interface SectionFacts {
  name: string;
  digest: string;
  since: string;
  facts: Json;
  problems: Problem[];
}

export interface RelationView {
  kind: string;
  asset: string;
  name: string;
  direction: "out" | "in";
}

export interface AssetDetail extends AssetSummary {
  first_seen: string;
  sections: SectionView[];
  relations: RelationView[];
  risk_factors: RiskFactor[];
  unknowns: number;
}

/** Why findings opened, closed or came back; empty where it was not noted. */
export type Cause = "" | "first" | "asset" | "knowledge" | "policy" | "either" | "gone" | "decision";

export interface TimelineEvent {
  at: string;
  kind: "first-seen" | "section-changed" | "finding-opened" | "finding-fixed" | "finding-reopened" | "decision" | "decision-ended";
  title: string;
  detail: string;
  finding?: string | null;
  severity?: string | null;
  section?: string | null;
  count?: number;
  cause?: Cause;
  /** Why, as a clause. */
  because?: string;
}

export interface FixView {
  state: string;
  version: string;
  text: string;
}

export interface FindingSummary {
  id: string;
  kind: string;
  rule: string;
  locator: string;
  title: string;
  severity: Severity;
  verdict: Verdict;
  state: FindingState;
  score: number;
  asset_id: string;
  asset_name: string;
  package: string;
  installed: string;
  fix: FixView;
  kev: boolean;
  epss: number | null;
  first_seen: string;
  last_seen: string;
  fixed_at?: string | null;
  reopened?: number;
  sources: string[];
  origin?: OriginView | null;
}

/** Where an image has a finding from. */
export interface OriginView {
  layer: string;
  part: "base" | "application" | "unknown";
  kind: "operating-system" | "application";
  base: string;
}

export interface DecisionView {
  id: string;
  verdict: DecisionVerdict;
  reason: string;
  requested_by: string;
  approved_by: string | null;
  created_at: string;
  expires_at: string | null;
  expires_when_fixable: boolean;
  rule: string;
  locator: string | null;
  asset_id: string | null;
  /** What is meant, now and later, where the decision does not name a rule. */
  query?: string | null;
  covers?: number | null;
  active: boolean;
  pending?: boolean;
}

export interface DecisionRequest {
  verdict: DecisionVerdict;
  reason: string;
  findings?: string[];
  query?: string;
  expires_at: string | null;
  expires_when_fixable: boolean;
}

export interface FindingEvent {
  at: string;
  kind: "opened" | "changed" | "fixed" | "reopened" | "decision" | "decision-ended";
  text: string;
  cause?: Cause;
  because?: string;
}

export interface FindingDetail extends FindingSummary {
  why: string;
  evidence: { [key: string]: Json };
  controls: Record<string, string[]>;
  history: FindingEvent[];
  decisions: DecisionView[];
  elsewhere: number;
  /** Other images that have it from the same layer. */
  inherited?: number;
  inherited_query?: string;
  references: string[];
}

export type GroupBy = "rule" | "package" | "asset" | "layer" | "base" | "part" | "origin";

export interface FindingGroup {
  key: string;
  title: string;
  severity: Severity;
  /** The highest score in the group; `total` is the sum, which a fix removes. */
  score: number;
  total: number;
  findings: number;
  assets: number;
  fix: string;
  kev: number;
  query: string;
}

export interface Facet {
  field: string;
  values: [string, number][];
}

export interface TrendPoint {
  day: string;
  open: SeverityCounts;
  opened: number;
  fixed: number;
}

export interface Unseen {
  text: string;
  count: number;
  query: string;
}

export interface Overview {
  risk: number;
  assets: number;
  open: SeverityCounts;
  kev_open: number;
  opened_since_yesterday: number;
  fixed_since_yesterday: number;
  fix_first: FindingGroup[];
  fix_first_share: number;
  unseen: Unseen[];
  by_kind: Record<string, SeverityCounts>;
  trend: TrendPoint[];
  policies: Record<string, number>;
  assets_by_os: [string, number][];
  sensors_online: number;
  sensors_silent: number;
  knowledge: Knowledge;
}

export interface PolicyView {
  id: string;
  title: string;
  severity: Severity;
  resource: string;
  group: string;
  why: string;
  fix: string;
  command: string;
  controls: Record<string, string[]>;
  passed: number;
  failed: number;
  unknown: number;
  not_applicable: number;
}

export type PolicyOutcome = "pass" | "fail" | "unknown" | "not-applicable";

export interface PolicyResultRow {
  asset_id: string;
  asset_name: string;
  result: PolicyOutcome;
  values?: Json;
  reason?: string | null;
  finding?: string | null;
}

export interface PolicyInput {
  path: string;
  type: string;
  about: string;
}

export interface PolicyParameter {
  name: string;
  type: string;
  default: Json;
  value: Json;
  set_by: string | null;
  set_at: string | null;
}

export interface PolicyDetail extends PolicyView {
  check: string;
  applies: string;
  template?: string;
  inputs?: PolicyInput[];
  judges?: string[];
  source?: string;
  cases?: number;
  parameters: PolicyParameter[];
  results: PolicyResultRow[];
}

export type ControlStatus = "pass" | "fail" | "unknown" | "manual" | "not-covered";

export interface FrameworkSummary {
  id: string;
  title: string;
  version: string;
  total: number;
  counts: Record<ControlStatus, number>;
  policies: number;
}

export interface ControlPolicy {
  title: string;
  severity: Severity;
  resource: string;
  passed: number;
  failed: number;
  unknown: number;
  not_applicable: number;
}

export interface ControlView {
  id: string;
  title: string;
  status: ControlStatus;
  reason: string;
  family: string;
  parent: string;
  manual: boolean;
  policies: string[];
  failing: string[];
  passed: number;
  failed: number;
  unknown: number;
  not_applicable: number;
  query: string;
}

export interface FrameworkDetail extends FrameworkSummary {
  controls: ControlView[];
  judged_by: Record<string, ControlPolicy>;
  asset?: string | null;
}

export interface RegistryView {
  id: string;
  host: string;
  repositories: string[];
  username: string;
  every_minutes: number;
  created_at: string;
  last_run: string | null;
  last_error: string;
  tags: number;
  images: number;
  problems: [string, string][];
}

export interface PlacedFinding extends FindingSummary {
  layer: number | null;
  part: Part | null;
  brought_by: "operating-system" | "application" | null;
  path: string;
  line: number;
  end_line: number;
  module: string;
}

export type Part = "base" | "application" | "unknown";

export interface LayerView {
  index: number;
  digest: string;
  size: number;
  step: string;
  part: Part;
  packages: number;
  open: SeverityCounts;
}

export interface ImageView {
  id: string;
  name: string;
  key: string;
  os: string;
  platform: string;
  created: string;
  user: string;
  entrypoint: string[];
  exposed_ports: string[];
  setuid: string[];
  base: string;
  base_told_by: string;
  built_upon_it?: { id: string; name: string }[];
  built_upon_it_count?: number;
  layers: LayerView[];
  findings: PlacedFinding[];
  more: number;
}

export interface CodeFile {
  path: string;
  open: SeverityCounts;
  findings: PlacedFinding[];
}

export interface CodeView {
  id: string;
  name: string;
  key: string;
  languages: Record<string, number>;
  types: [string, number][];
  unmodelled: [string, number][];
  files: CodeFile[];
  more: number;
}

export interface AssetPolicy {
  policy: string;
  title: string;
  severity: Severity;
  group: string;
  result: PolicyOutcome;
  reason?: string | null;
  finding?: string | null;
}

export interface SensorView {
  id: string;
  kind: string;
  name: string;
  version: string;
  asset_id: string | null;
  enrolled_at: string;
  last_seen: string | null;
  online: boolean;
  revoked: boolean;
  spool_dropped?: number;
}

export interface ActivationKeyView {
  id: string;
  name: string;
  created_at: string;
  expires_at: string | null;
  uses: number;
  max_uses: number | null;
  revoked: boolean;
  key?: string | null;
}

export interface TokenView {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used: string | null;
  token?: string | null;
}

export interface JobView {
  id: string;
  kind: string;
  title: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: number | null;
  started_at: string | null;
  finished_at: string | null;
  error?: string | null;
}

export interface AuditEntry {
  at: string;
  actor: string;
  action: string;
  subject: string;
  detail: { [key: string]: Json };
  digest: string;
}

export interface Completion {
  text: string;
  kind: "field" | "value" | "operator" | "keyword";
  detail: string;
}

export interface Completions {
  start: number;
  end: number;
  items: Completion[];
}

/** RFC 9457, with what Bartizan adds: a reference to quote, and where in a query it went wrong. */
export interface ProblemDocument {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  reference?: string;
  /** What to do about it. */
  remedy?: string;
  position?: number;
  expected?: string[];
}
