// Runs in the browser: what Mermaid understood of each diagram, and what it drew.
//
// The page defines cases = [{name, text}] before it loads Mermaid and this file. The answer replaces the
// page's body, where `chromium --dump-dom` finds it.

const text = element => {
  const copy = element.cloneNode(true);
  for (const line of copy.querySelectorAll('br')) line.replaceWith('\n');
  return copy.textContent;
};

// Mermaid's own states, with the composite they stand in, and its own relations.
function understood(doc, parent, result) {
  const state = (item, home) => {
    const known = result.states[item.id] ??= { parent: null, composite: false };
    if (home !== null) known.parent = home;
    return known;
  };
  for (const item of doc) {
    if (item.stmt === 'state') {
      const known = state(item, parent);
      if (item.doc) {
        known.composite = true;
        understood(item.doc, item.id, result);
      }
    } else if (item.stmt === 'relation') {
      state(item.state1, parent);
      state(item.state2, parent);
      result.relations.push([item.state1.id, item.state2.id]);
    } else if (item.stmt === 'applyClass' || item.stmt === 'style') {
      for (const id of item.id.split(',')) state({ id: id.trim() }, null);
    }
  }
  return result;
}

// How the boxes of the stages look; the picture must stand in the page.
function colors(svg) {
  const result = {};
  for (const node of svg.querySelectorAll('g.node')) {
    const box = node.querySelector('rect.title-state') ?? node.querySelector('rect, path');
    if (!box) continue;
    const { fill, stroke } = getComputedStyle(box);
    result[stageOf(node)] = { fill, stroke };
  }
  return result;
}

const stageOf = node => node.id.replace(/^d\d+-/, '').replace(/^state-(.*)-\d+$/s, '$1');

// The words in the picture: by stage, by phase, by note, and of the edges.
function seen(svg) {
  const result = { stages: {}, phases: {}, notes: {}, edges: [], arrows: 0, pointless: 0 };
  for (const node of svg.querySelectorAll('g.node')) {
    const id = stageOf(node);
    if (id === 'root_start' || id === 'root_end') continue;
    const note = id.match(/^(.*)----note/s);
    if (note) result.notes[note[1]] = text(node);
    else result.stages[id] = text(node);
  }
  for (const cluster of svg.querySelectorAll('g.statediagram-cluster')) {
    const label = cluster.querySelector('.cluster-label');
    result.phases[cluster.dataset.id ?? cluster.id] = label ? text(label) : '';
  }
  for (const edge of svg.querySelectorAll('g.edgeLabels > g.edgeLabel'))
    if (text(edge).trim() !== '') result.edges.push(text(edge));
  // An arrow from a phase to its own stage is a path without length in some versions.
  for (const path of svg.querySelectorAll('path.transition:not(.note-edge)')) {
    result.arrows++;
    if (!/[LCQA]/.test(path.getAttribute('d') ?? '')) result.pointless++;
  }
  return result;
}

(async () => {
  const answers = [];
  // Chromium lays out with no more than the fonts it finds; what matters here is words, not places.
  mermaid.initialize({ startOnLoad: false, maxTextSize: 1e7, maxEdges: 1e5 });
  for (const [i, { name, text }] of cases.entries()) {
    const answer = { name };
    answers.push(answer);
    try {
      const diagram = await mermaid.mermaidAPI.getDiagramFromText(text);
      const root = diagram.db.getRootDocV2();
      answer.understood = understood(root.doc, null, { states: Object.create(null), relations: [] });
      const { svg } = await mermaid.render('d' + i, text);
      const home = document.createElement('div');
      home.innerHTML = svg;
      answer.seen = seen(home.querySelector('svg'));
      document.body.append(home);
      answer.seen.fills = colors(home.querySelector('svg'));
      answer.seen.title = home.querySelector('.statediagramTitleText')?.textContent;
      home.remove();
    } catch (error) {
      answer.error = String(error?.message ?? error);
    }
  }
  const bytes = new TextEncoder().encode(JSON.stringify(answers));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  document.body.innerHTML = '<pre id="answers"></pre>';
  document.getElementById('answers').textContent = btoa(binary);
})();
