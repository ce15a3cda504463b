/** Ends with a hint on a Node that cannot run this tree. JavaScript, so that an older Node can read it: `node --import ./scripts/require-node.mjs`. */
const needed = 24;
const [major] = process.versions.node.split('.');

if (Number(major) < needed) {
  process.stderr.write(
    `This needs Node ${needed}, and runs on ${process.version}.\n` +
      'Run "npm install" in the top folder: it brings Node 24. Then "npm test", "npm run check" and the others find it.\n',
  );
  process.exit(1);
}
