// Package egress is the one way out of OPAL: every call to another machine goes
// through it, except those of the clients of the database, the queue and Azure.
//
//   - Client is for a provider with a contract: one call with a deadline, tried
//     again where that may help, its response bounded as sent and as
//     decompressed, and a circuit breaker around it.
//   - Guarded is for addresses that somebody else chose: a URL of a customer or of
//     a webhook. It dials public addresses alone, however a name resolves.
//   - Transport, Retry and ReadAll are what both are made of, for the few callers
//     that need something between.
package egress
