// Package redis shares the budgets of shops between replicas, through a Redis.
//
// [Meter] is a [connectors.Meter]: it counts with GCRA on Redis' own clock, so
// that replicas whose clocks differ agree, and it counts the replicas by what
// they put there every few seconds.
//
// # Why
//
// Redis is never a record. What is lost with it is who called when: then each
// replica keeps to its share of a budget, one over the number of replicas last
// seen, until Redis answers again. So the time-outs are short, nothing is tried
// twice, and a Redis that is not there when the desk starts does not keep it from
// starting. A replica that starts in that time has seen nobody, and takes all:
// the platform's refusals slow it down.
//
// The library's pool connects again by itself; there is no other state to mend.
package redis
