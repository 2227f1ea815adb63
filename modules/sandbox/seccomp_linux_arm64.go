package sandbox

import (
	"math"

	"golang.org/x/sys/unix"
)

const (
	auditArch      = unix.AUDIT_ARCH_AARCH64
	foreignNumbers = math.MaxUint32 // no number is foreign
)

// This kind of machine has none of the older calls.
var (
	everyChildHere  []string
	callNumbersHere map[string]uint32
)
