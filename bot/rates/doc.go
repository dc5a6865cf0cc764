// Package rates tells what an amount is worth in another currency, so that rules
// about amounts can be compared: by a table that people keep, or by the European
// Central Bank's daily reference file.
//
// # Why
//
// A rate is an exact fraction and an amount is whole minor units: nothing here
// goes through a float. What does not come out even is rounded up where it is
// held against a limit, so that no amount slips below one by rounding; what people
// are shown, and what finance gets, is rounded to the nearest.
//
// The file is kept in the database, so that a restart and other replicas have
// it, and a file that is broken or older than the kept one changes nothing. A
// rate that is too old is no rate: whoever asks has to do without.
package rates
