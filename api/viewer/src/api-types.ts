/** What the service tells: written by tests/viewer/test_types.py from its description. */

export interface AddressAnswer {
  people: Person[];
  handling?: Person[] | null;
  grid: GridTold;
  level: string;
  score: number;
  label: string;
  renamed: RenamedTold[];
  lon: number | null;
  lat: number | null;
  reason: string;
  reason_zh: string;
  reason_en: string;
  also_possible: Possible[];
  district: string;
  plan: string;
  as_of: string;
}

export interface BlockColumns {
  id: string[];
  parent: string[];
  atom: string[];
  households: number[];
  grid: number[];
  community: number[];
  lon: number[];
  lat: number[];
  area_m2: number[];
}

export interface BorderColumns { a: number[]; b: number[]; shared_m: number[]; barrier: number[]; street_name: number[]; streets: string[] }

export interface BuildingTold { label: string; stairwells: StairwellTold[] }

export interface Carried {
  community: string;
  name: string;
  district: string;
  district_name: string;
  timezone: string;
  as_of: string;
  reach_m: number;
  editions: Edition[];
}

export interface CarriedGrid {
  code: string;
  name: string;
  kind: string;
  tier: string;
  parent_code: string;
  community_code: string;
  community: string;
  households: number | null;
  households_suppressed: boolean;
  bounds_zh: string;
  bounds_en: string;
  people: Person[];
  own: boolean;
  neighbours: string[];
  shape: number[][];
}

export interface ClashTold { block: string; mine: MoveTold; theirs: MoveTold; who?: string | null }

export interface CommentList { comments: CommentTold[] }

export interface CommentTold {
  id: number;
  grid: string;
  kind: "comment" | "answer" | "settled";
  about: number | null;
  sentence: string;
  who: string;
  at: string;
  plan: string;
}

export interface CommunityColumns { code: string[]; name: string[] }

export interface Comparison {
  before: string;
  after: string;
  totals: Record<string, number>;
  grids: Record<string, unknown>[];
  moved: Record<string, unknown>[];
  staff: Record<string, unknown>[];
  handover: Record<string, unknown>[];
  handover_totals: Record<string, unknown>[];
}

export interface CutAnswer { revision: number; block: string; parts: string[]; repeated: boolean }

export interface DraftList { drafts: DraftTold[] }

export interface DraftTold {
  id: string;
  plan: string;
  district_code: string;
  name: string;
  state: string;
  revision: number;
  who: string;
  at: string;
  changed_at: string;
}

export interface Edition {
  plan: string;
  valid_from: string | null;
  valid_to: string | null;
  slack: number;
  gap_m: number;
  grids: CarriedGrid[];
  towers?: TowerCarried[];
}

export interface EditorTold { who: string; grids: string[]; at: string }

export interface EntryTold {
  revision: number;
  kind: string;
  moves: MoveTold[];
  undoes: number | null;
  cut: Record<string, unknown> | null;
  why: string;
  who: string;
  at: string;
}

export interface FileAnswer { id: string; name: string; size: number; until: string; layers: LayerTold[] }

export interface GridAnswer {
  grid: GridTold;
  people: Person[];
  valid_from: string | null;
  valid_to: string | null;
  predecessors: Predecessor[];
  successors: Predecessor[];
  plan: string;
  as_of: string;
  geometry: { type: "MultiPolygon"; coordinates: number[][][][] } | null;
  next_effective?: string | null;
}

export interface GridColumns {
  id: string[];
  code: string[];
  name: string[];
  kind: string[];
  community: number[];
  households: number[];
  load: number[];
}

export interface GridTold {
  code: string;
  name: string;
  kind: string;
  tier: string;
  parent_code: string;
  community_code: string;
  community: string;
  households: number | null;
  households_suppressed: boolean;
  bounds_zh: string;
  bounds_en: string;
}

export interface HandOverTold {
  own: string;
  other: string;
  other_name: string;
  gives: boolean;
  households: number | null;
  people: Person[];
}

export interface HandOvers { effective: string | null; plan: string | null; hand_overs: HandOverTold[]; redrawn?: boolean }

export interface IssueTold {
  rule: string;
  severity: "error" | "exception" | "warning";
  message_zh: string;
  message_en: string;
  grid_id: string;
  grid_code: string;
  block_ids: string[];
  found: string;
  wanted: string;
  remedies: string[];
}

export interface IssuesAnswer { revision: number; legal: boolean; counts: Record<string, number>; issues: IssueTold[] }

export interface JobTold {
  id: string;
  kind: string;
  state: string;
  stage: string;
  share: number;
  result: Record<string, unknown>;
  problem: string;
  attempts: number;
  who: string;
  at: string;
  changed_at: string;
}

export interface Journal { entries: EntryTold[]; revision: number; more: boolean }

export interface LayerTold { name: string; geometry: string | null; rows: number | null; crs: string | null; columns: string[] }

export interface LookupAnswer {
  people: Person[];
  handling?: Person[] | null;
  grid: GridTold;
  distance_to_border_m: number;
  also_possible: Nearby[];
  status: string;
  building: BuildingTold | null;
  district: string;
  plan: string;
  as_of: string;
}

export interface Measures {
  households: Record<string, number>;
  out_of_band: number;
  unproved: number;
  households_off: number;
  cost: number;
}

export interface MoveTold { block: string; old: string; new: string }

export interface MovesSuggested {
  revision: number;
  moves: MoveTold[];
  before: Measures;
  after: Measures;
  findings: Reason[];
  message_zh: string;
  message_en: string;
  households_moved: number;
}

export interface MyGrids { grids: OwnGrid[]; as_of: string | null }

export interface Nearby {
  people: Person[];
  handling?: Person[] | null;
  code: string;
  name: string;
  kind: string;
  tier: string;
  parent_code: string;
  community_code: string;
  community: string;
  households: number | null;
  households_suppressed: boolean;
  bounds_zh: string;
  bounds_en: string;
  distance_m: number;
}

export interface OwnGrid {
  code: string;
  name: string;
  kind: string;
  tier: string;
  parent_code: string;
  community_code: string;
  community: string;
  households: number | null;
  households_suppressed: boolean;
  bounds_zh: string;
  bounds_en: string;
  doors?: number | null;
}

export interface PatchAnswer {
  revision: number;
  accepted: MoveTold[];
  clashes: ClashTold[];
  repeated: boolean;
  renamed: Record<string, string>;
  entry: number | null;
}

export interface Person {
  person: string;
  name: string;
  role: string;
  role_zh: string;
  role_en: string;
  kind: string;
  work_phone: string;
  lines: string[];
  tier: string;
  code: string;
}

export interface PlanList { plans: PlanTold[]; next: string | null }

export interface PlanStep { plan: string; state: string; effective?: string | null }

export interface PlanTold {
  id: string;
  district_code: string;
  district: string;
  name: string;
  state: string;
  tier: string;
  based_on: string | null;
  from_draft: string | null;
  who: string;
  at: string;
  effective: string | null;
  grids: number;
}

export interface Possible { people: Person[]; handling?: Person[] | null; grid: GridTold; label: string; score: number }

export interface Predecessor { code: string; relation: string; households: number | null; plan: string; on: string }

export interface Reason { message_zh: string; message_en: string }

export interface RenamedTold { alias: string; name: string; note: string }

export interface ReportList { reports: ReportTold[] }

export interface ReportTold {
  id: number;
  grid: string;
  plan: string;
  lon: number;
  lat: number;
  sentence: string;
  state: string;
  who: string;
  at: string;
}

export interface RoleNames { zh: string; en: string }

export interface SchemeTold { name: string; tiers: TierTold[]; barriers: string[]; roles: Record<string, RoleNames> }

export interface StairwellCarried { stairwell: string; code: string }

export interface StairwellTold { people: Person[]; handling?: Person[] | null; stairwell: string; grid: GridTold }

export interface Table {
  plan?: string | null;
  draft?: string | null;
  revision: number;
  crs: string;
  bounds: [number, number, number, number];
  scheme: SchemeTold;
  ground: ("communities" | "compounds" | "buildings")[];
  communities: CommunityColumns;
  grids: GridColumns;
  blocks: BlockColumns;
  borders: BorderColumns;
}

export interface TierTold { id: string; main: boolean; counted: string; min: number; max: number; target: number }

export interface TowerCarried { label: string; stairwells: StairwellCarried[]; shape: number[][] }
