export const zh = {
  title: "我的网格",
};
