package onnx

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// unallocated is how the runtime says that it got no memory.
var unallocated = regexp.MustCompile(`(?i)failed to allocate memory(?: for requested buffer of size (\d+))?|bad_alloc|cannot allocate memory|out of memory`)

// short says for people that a run of the network, whose error the runtime told, had too little
// memory, and what to do; "": something else was wrong.
func (m Manifest) short(told string) string {
	found := unallocated.FindStringSubmatch(told)
	if found == nil {
		return ""
	}
	var say strings.Builder
	fmt.Fprintf(&say, "the run took the %d MB that memory_mb in the manifest of %s allows", m.MemoryMB, m.Name)
	if n, err := strconv.ParseInt(found[1], 10, 64); err == nil {
		fmt.Fprintf(&say, ", and wanted %d MB more", (n+1<<20-1)>>20)
	}
	fmt.Fprintf(&say, "; add the model again with a larger memory_mb, such as %d, or set CUTOUT_ENGINE=own", min(max(2*m.MemoryMB, 1024), maxMemory))
	return say.String()
}
