/** A grid's load as a bar: the band is a zone on it, the target a line; how far off is said in words and by shape too. */
import { say } from "../i18n/planner";
import type { Plan } from "../plan/plan";

export function Bar({ plan, load }: { plan: Plan; load: number }) {
  const { min, max, target } = plan.band;
  const full = max * 1.5;
  const part = (value: number) => `${Math.min(100, (value / full) * 100)}%`;
  const state = load > max ? "over" : load < min ? "under" : "fits";
  return (
    <svg class={`bar ${state}`} width="100%" height="10" aria-hidden="true">
      <rect class="zone" x={part(min)} width={part(max - min)} y="0" height="10" />
      <rect class="load" x="0" width={part(load)} y="2" height="6" rx="1" />
      <line class="target" x1={part(target)} x2={part(target)} y1="0" y2="10" />
    </svg>
  );
}

export function offWords(plan: Plan, grid: number): string {
  const off = plan.off(grid);
  return off > 0 ? say("over", { count: off }) : off < 0 ? say("under", { count: -off }) : say("fits");
}
