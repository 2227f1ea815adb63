//go:build !linux

package sandbox

import (
	"errors"
	"time"
)

// template is for Linux alone: each child is started as a program elsewhere.
type template struct{ forks int }

func startTemplate([]string, string, []string, time.Duration) (*template, error) {
	return nil, errors.ErrUnsupported
}

func (*template) fork() (*child, error) { return nil, errors.ErrUnsupported }

func (*template) end() {}
