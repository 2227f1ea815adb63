//go:build !linux

package main

// maxrssUnit is how many of the kernel's units make a KB: macOS counts bytes.
const maxrssUnit = 1024
