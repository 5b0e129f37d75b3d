import type { zh } from "./zh-planner";

export const en: Record<keyof typeof zh, string> = {
  title: "Grid planner",
};
