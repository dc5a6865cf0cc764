// Package alerts decides which news is worth a person: a pipeline that reads in
// one line, seen → silenced → inhibited → grouped → routed, and the log of what
// is wrong now, what was, and who looks after it.
//
// # Why
//
// One problem is one alert: the same news again raises a count and says nothing
// new. A store whose token is dead fails at everything; only the token is news,
// and what it hides is counted on its alert.
//
// Routing is the desk's: this package tells what to say, not where.
package alerts
