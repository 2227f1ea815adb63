package check

import "github.com/opal-photo/opal/modules/channel"

// The verdicts on a picture that is held against one preset or several.
const (
	Passed   = "passed"
	Warned   = "warned"
	Rejected = "rejected"
	Unsure   = "unsure" // nothing is broken for certain, and something may be
)

// Verdict sums checks up.
func Verdict(checks []Check) string {
	switch Worst(checks) {
	case channel.Reject:
		return Rejected
	case channel.Warn:
		return Warned
	}
	for _, c := range checks {
		if c.Unsure && c.Severity != string(channel.Advice) {
			return Unsure
		}
	}
	return Passed
}

// ranks order verdicts, the worst last.
var ranks = map[string]int{Passed: 0, Unsure: 1, Warned: 2, Rejected: 3}

// Worse reports whether verdict a is worse than verdict b.
func Worse(a, b string) bool { return ranks[a] > ranks[b] }
