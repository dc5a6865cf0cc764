// Package consoletest helps to try the console: a browser that a test can drive,
// people to sign in as, and the words of the catalogue.
//
// # Why
//
// The browser is the machine's own Chromium, started without a window. A test
// that needs it is skipped, with the reason, where there is none: the rest of
// the console is proved over HTTP, and only what the page itself does needs it.
package consoletest
