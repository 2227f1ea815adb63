// Package sandbox runs work on bytes from outside in child processes.
//
// A child is this same program, started with the hidden command "child". It
// loads what its work needs, tells its parent that it is ready, waits for a job,
// and before it looks at the job's bytes it gives up memory, processor time,
// files, the network and every system call that its kind of work has no use for.
// An attack that takes over a decoder thus finds nothing to take: a crash or a
// runaway costs one job.
//
// Where a kind of work has a template (Options.Forks), a child is not started as a program but
// forked from one that has prepared itself before and has seen no job: it is as new as the
// others, for a fifth of the time.
//
// A kind of child is a Handler; Serve is a child's whole life, and a Pool starts
// children and gives them jobs.
package sandbox
