//go:build !race

package main

// most is the largest day that the tests run.
const most = 1_000_000
