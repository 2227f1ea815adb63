package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profiled does a piece of work and leaves profiles of its CPU time and its memory in a folder,
// where one is named: a speed-up begins with where the time goes. Decoding children are not in it.
func profiled(dir, name string, work func() error) (err error) {
	if dir == "" {
		return work()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	defer func() { err = errors.Join(err, allocations(filepath.Join(dir, name+".allocs.pprof"))) }()
	return work()
}

// allocations writes how much memory was asked for, and where, to a file.
func allocations(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
