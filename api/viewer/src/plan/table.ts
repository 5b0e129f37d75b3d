/** What `GET …/table` answers: a plan as columns; other columns are named by the number of a row, -1 for none. */

export interface Tier {
  id: string;
  main: boolean;
  counted: string;
  min: number;
  max: number;
  target: number;
}

export interface Table {
  plan?: string;
  draft?: string;
  revision: number;
  crs: string;
  bounds: [number, number, number, number];
  scheme: { name: string; tiers: Tier[]; barriers: string[] };
  communities: { code: string[]; name: string[] };
  grids: { id: string[]; code: string[]; name: string[]; kind: string[]; community: number[]; households: number[] };
  blocks: {
    id: string[];
    parent: string[];
    atom: string[];
    households: number[];
    grid: number[];
    community: number[];
    lon: number[];
    lat: number[];
    area_m2: number[];
  };
  borders: {
    a: number[];
    b: number[];
    shared_m: number[];
    barrier: number[];
    street_name: number[];
    streets: string[];
  };
}
