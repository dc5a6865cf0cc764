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

// sendTo sends calls for a platform's own hosts, which clients know and only by
// https, to the sandbox. Links that the sandbox gave are followed as they are.
export const sendTo = (https, http, base, own) => {
  https.request = (options, done) => {
    const { hostname, headers, path } = options;
    const theirs = own.test(hostname);
    if (!theirs && hostname !== base.hostname) throw new Error(`unexpected host ${hostname}`);
    return http.request({ ...options, protocol: 'http:', agent: undefined, hostname: base.hostname, port: base.port,
      path: theirs ? base.pathname + path : path, headers: { ...headers, host: base.host } }, done);
  };
};
