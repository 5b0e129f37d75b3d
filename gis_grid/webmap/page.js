// Styles, labels, popups and the legend of a gis-grid map page. Text from a plan only ever enters as text, never as HTML.
const gisGrid = (() => {
  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  const rows = (pairs) => {
    const box = element("div", undefined, "gg-card");
    for (const [label, value] of pairs) {
      if (value === "" || value === null || value === undefined) continue;
      const row = element("div");
      row.append(element("b", label), element("span", String(value)));
      box.append(row);
    }
    return box;
  };

  const gridCard = (p) =>
    rows([
      ["网格 Grid", `${p.name} ${p.code}`],
      ["社区 Community", p.community],
      ["户数 Households", p.households],
      ["街块 Blocks", p.blocks],
      ["面积 Area", `${(p.area / 10000).toFixed(2)} ha`],
      ["四至", p.zh],
      ["Bounds", p.en],
    ]);

  const issueCard = (p) =>
    rows([
      ["规则 Rule", `${p.rule} (${p.severity})`],
      ["网格 Grid", p.code],
      ["说明", p.zh],
      ["Message", p.en],
      ["办法 Remedies", p.remedies],
    ]);

  const hover = (p) => {
    const box = element("div");
    box.append(element("b", p.name || p.code), element("div", `${p.households} 户 households`));
    return box;
  };

  // one function for each layer, called by Leaflet for each feature
  const painters = {
    grid: (style, feature, layer) => {
      const p = feature.properties;
      layer.setStyle({ ...style.grid, fillColor: style.fills[p.colour], ...(p.bad ? style.bad : {}) });
      layer.bindPopup(() => gridCard(p), { maxWidth: 360 });
      layer.bindTooltip(() => hover(p), { sticky: true });
    },
    line: (style, feature, layer) => {
      const [color, weight] = style.lines[feature.properties.kind] || style.lines[""];
      const dashed = feature.properties.kind === "railway" ? "8 6" : null;
      layer.setStyle({ color, weight, opacity: 1, dashArray: dashed, interactive: false });
    },
    plain: (name) => (style, feature, layer) => layer.setStyle(style[name]),
    issue: (style, feature, layer) => {
      const p = feature.properties;
      layer.setStyle({ ...style.issue, fillColor: style.severities[p.severity] });
      layer.bindPopup(() => issueCard(p), { maxWidth: 360 });
    },
  };

  // a label stands only where its grid is wide enough on the screen to carry it; the count alone needs less
  const needed = (name) => 0.8 * [...name].reduce((sum, letter) => sum + (letter > "\u2e80" ? 11 : 6.5), 0);
  const addLabels = (map, group, labels) => {
    const markers = labels.map(([lat, lon, width, name, households]) => {
      const box = element("div", undefined, "gg-label");
      box.append(element("b", name), element("span", `${households} 户`));
      const icon = L.divIcon({ html: box, className: "gg-anchor", iconSize: null });
      return [L.marker([lat, lon], { icon, interactive: false, keyboard: false }), width, box, Math.max(50, needed(name))];
    });
    const choose = () => {
      const metres = 40075016.7 * Math.cos((map.getCenter().lat * Math.PI) / 180);
      const perPixel = metres / (256 * 2 ** map.getZoom());
      for (const [marker, width, box, wanted] of markers) {
        const fits = width / perPixel > 24;
        box.classList.toggle("gg-short", width / perPixel < wanted);
        if (fits && !group.hasLayer(marker)) group.addLayer(marker);
        if (!fits && group.hasLayer(marker)) group.removeLayer(marker);
      }
    };
    map.on("zoomend", choose);
    choose();
  };

  const addLegend = (map, legend) => {
    const control = L.control({ position: "bottomleft" });
    control.onAdd = () => {
      const box = element("div", undefined, "gg-legend");
      const fold = element("details");
      fold.open = map.getSize().x > 700;
      fold.append(element("summary", legend.title));
      for (const line of legend.lines) fold.append(element("div", line));
      for (const [color, weight, label, dashed] of legend.keys) {
        const row = element("div", undefined, "gg-key");
        const mark = element("i");
        mark.style.borderTop = `${Math.max(1, weight)}px ${dashed ? "dashed" : "solid"} ${color}`;
        row.append(mark, element("span", label));
        fold.append(row);
      }
      box.append(fold);
      L.DomEvent.disableClickPropagation(box);
      return box;
    };
    control.addTo(map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  };

  // leave room for the legend on the left and the layers on the right where the screen has it
  const fit = (map, bounds) => {
    const wide = map.getSize().x > 1000;
    map.fitBounds(bounds, { paddingTopLeft: [wide ? 300 : 8, 8], paddingBottomRight: [wide ? 180 : 8, 8] });
  };

  // on a phone the list of layers would hide the map: it opens at a touch instead
  const foldOnPhones = (map, control) => {
    if (map.getSize().x > 700) return;
    control.remove();
    control.options.collapsed = true;
    control.addTo(map);
  };

  return { painters, addLabels, addLegend, fit, foldOnPhones };
})();
