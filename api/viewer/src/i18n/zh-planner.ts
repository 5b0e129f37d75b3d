export const zh = {
  title: "网格规划",
};
