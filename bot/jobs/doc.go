// Package jobs does later, and surely, what was decided now: durable jobs that
// are added in the same transaction as the data they are about.
//
// # Why
//
// One table beside the data. A job that is added in a transaction runs if the
// transaction commits, and never otherwise; a job that finishes in a
// transaction ([Job.Done]) is gone together with what it wrote, or not at all.
// No queue outside the database can promise either.
//
// At least once, and fenced. A process may be killed while it works, so a job
// may run again; Attempt tells. Whoever does something that cannot be undone
// looks, from the second attempt on, whether it was done already. A run holds a
// lease, which is extended while it lasts. When it is lost all the same (the
// process was frozen), another run has begun, and nothing that the first one
// writes together with Done is committed.
//
// Order. Jobs with the same [Order] run strictly one after another, as they
// were added. One that waits to be tried again holds up those behind it; a dead
// one does not. A dead job that is tried again goes to the end. What somebody
// waits for may go ahead of what nobody does ([Ahead]); it is still never run
// beside another of its order.
//
// Keys. While a job with a [Key] lives, adding another does nothing. A key dies
// with its job: what must never happen twice is also a constraint in the data.
//
// The short way. The process that adds a job is mostly the one that will run
// it. Its row is therefore written as already claimed, and handed over in
// memory after the commit; nothing has to look for it. Everything else is found
// by looking, at once when something in the process changes, and each second
// otherwise.
//
// A job ends up dead when it fails too often, or says so ([Cancel]). Dead jobs
// are kept, reported to Options.OnDead, and can be tried again.
package jobs
