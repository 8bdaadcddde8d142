// Diagrams of words that were thrown together from what Mermaid and Markdown take for something else.

const pieces = ['a', 'x1', 'Ab', 'été', '漢字', '🦊', ' ', ' ', ':', '::', ';', '#', '#35;', '<', '>', '<b>', '</b>',
  '<br>', '*', '**', '_', '__', '`', '```', '~~', '~', '%%', '%%{', '}%%', '%', '&', '&lt;', '&amp;', '&#58;', '"', "'",
  '{', '}', '(', ')', ']', '[', '](', '![', '\\', '\\n', '\\*', '$', '$$', '$$x$$', '@', 'a@b.cd', 'www.', 'http://x.y',
  '-', '--', '-->', '- ', '+ ', '* ', '1. ', '2) ', '=', '==', '>', '|', '||', '!', '?', '.', ',', 'direction',
  'direction TB', 'note', 'end note', 'state', 'style a:b#58;', 'classDef', 'as', '<<fork>>', '[[fork]]', 'fa:fa-car',
  'javascript:', '/', '\t', '0', '10', '::int', '___', '---', 'e_f', '_g_', '*h*', '`i`'];

// A generator of its own (mulberry32), so that a run can be repeated.
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Everything that the extension's reader takes for something is written as an entity, so that any words go.
const encoded = text => [...text].map(c => (/[a-z0-9 ]/i.test(c) ? c : `#${c.codePointAt(0)};`)).join('');

function randomDiagram(seed) {
  const random = generator(seed);
  const some = limit => {
    let words = '';
    for (let n = 1 + Math.floor(random() * limit); n > 0; n--) words += pieces[Math.floor(random() * pieces.length)];
    words = words.replace(/\t/g, ' ').trim();
    return words === '' ? 'x' : words;
  };
  // A guard must be balanced, so brackets and quotes only come in pairs, and comments not at all.
  const guard = () => `f('${some(5).replace(/'/g, "''")}') > "${some(3).replace(/"/g, '')}"`;
  const count = 12;
  const lines = ['stateDiagram-v2', '[*] --> s0'];
  for (let i = 0; i < count; i++) {
    lines.push(`s${i} : ${encoded(some(6))}`);
    if (random() < 0.2) lines.push(`s${i} : ${encoded(some(6))}`);
    if (random() < 0.4)
      lines.push(`note right of s${i}`, `text: ${encoded(some(6))}`, `entry: ${encoded(guard())}`, 'end note');
  }
  lines.push(`state "${encoded(some(5))}" as p {`, 's10', 's11', '}');
  for (let i = 1; i < count; i++) {
    const parts = [];
    if (random() < 0.7) parts.push(encoded(some(6)));
    if (random() < 0.6) parts.push(`[${encoded(guard())}]`);
    if (random() < 0.3) parts.push(`/ ${encoded(some(4))}`);
    lines.push(`s${Math.floor(random() * i)} --> s${i}${parts.length ? ` : ${parts.join(' ')}` : ''}`);
  }
  return { name: `words thrown together, seed ${seed}`, text: lines.join('\n') };
}

export const randomDiagrams = () => Array.from(
  { length: Number(process.env.MERMAID_RANDOM ?? 24) },
  (_, i) => randomDiagram(Number(process.env.MERMAID_SEED ?? 1) + i));
