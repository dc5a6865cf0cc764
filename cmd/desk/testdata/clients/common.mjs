// What a script hears goes to standard output, one JSON object a line. The test
// reads it there, acts as the people do, and closes standard input at the end.
export const say = (what, fields = {}) => process.stdout.write(JSON.stringify({ what, ...fields }) + '\n');

export const fail = (err) => {
  say('failed', { error: String(err?.stack ?? err) });
  process.exit(1);
};
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

export const need = (name) => process.env[name] ?? fail(`${name} is not set`);

// untilEnd waits until the test closes standard input.
export const untilEnd = () =>
  new Promise((done) => {
    process.stdin.on('end', done).on('close', done).resume();
  });
