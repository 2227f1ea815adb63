//go:build race

package main

// most is the largest day that the tests run: with the race detector the million takes minutes.
const most = 100_000
