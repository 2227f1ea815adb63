//go:build linux && !amd64 && !arm64

package sandbox

// barSystemCalls does nothing on machines whose calls the filter doesn't know.
func barSystemCalls([]string) error { return nil }
