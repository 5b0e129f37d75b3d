import type { zh } from "./zh-phone";

export const en: Record<keyof typeof zh, string> = {
  title: "My grid",
};
