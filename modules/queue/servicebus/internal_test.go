package servicebus

import (
	"strconv"
	"testing"
	"time"
)

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"opal-sb":                                      "opal-sb.servicebus.windows.net",
		"opal-sb.servicebus.windows.net":               "opal-sb.servicebus.windows.net",
		"sb://opal-sb.servicebus.windows.net/":         "opal-sb.servicebus.windows.net",
		"https://opal-sb.servicebus.usgovcloudapi.net": "opal-sb.servicebus.usgovcloudapi.net",
		"": "", "a b": "", "opal:5671": "", "Endpoint=sb://x": "", "a/b": "",
	} {
		t.Run(strconv.Quote(in), func(t *testing.T) {
			got, err := host(in)
			if got != want || (err != nil) != (want == "") {
				t.Errorf("host %q, %v", got, err)
			}
		})
	}
}

// A clock that is minutes off must not make good locks look lost, nor lost ones
// good.
func TestLockIsMeasuredOnThisClock(t *testing.T) {
	q := &Queue{ns: &Namespace{lock: time.Minute}}
	for name, c := range map[string]struct{ says, want time.Duration }{
		"agreeing clocks":      {40 * time.Second, 40 * time.Second},
		"this clock is ahead":  {-5 * time.Minute, time.Minute},
		"this clock is behind": {6 * time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Now().Add(c.says)
			left := time.Until(q.lockedUntil(&at))
			if left > c.want || left < c.want-time.Second {
				t.Errorf("%v left, want %v", left, c.want)
			}
		})
	}
	if left := time.Until(q.lockedUntil(nil)); left > time.Minute || left < 59*time.Second {
		t.Errorf("not told: %v left", left)
	}
}
