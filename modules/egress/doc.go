// Package egress is the one way out of OPAL: every call to another machine that
// is not the database's, the queue's or Azure's own client goes through it.
//
//   - Client is for a provider with a contract: one call with a deadline, tried
//     again where that may help, its response bounded as sent and as
//     decompressed, and a circuit breaker around it.
//   - Guarded is for addresses that somebody else chose: a URL of a customer, a
//     webhook's. It dials public addresses alone, however a name resolves.
//   - Transport, Retry and ReadAll are what both are made of, for the few callers
//     that need something between.
package egress
