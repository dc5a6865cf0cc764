// Package policy says which rule holds for a refund: how many approvals it
// takes, whose, and when. Rules are data; nothing here reads or writes anything.
//
// # Why
//
// The first rule that fits holds, since that is how people read a list. A list
// that ends without a rule that fits allows nothing, and so does a rule without
// approvers: what nobody thought of is not thereby allowed.
//
// An amount whose worth in the home currency is not known could belong to any
// tier. Then the strictest of the rules that could fit holds.
//
// Refunds that are approved together are judged by what they come to as well:
// ten small ones are a large one for whoever approves them.
package policy
